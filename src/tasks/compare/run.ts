import { FormatError, show } from '../../formats/error.js'
import { isJsonObject, type JsonObject, readJsonObject } from '../../formats/json.js'
import type { LambadaRow } from '../lambada/result.js'
import type { PerplexityRow } from '../perplexity/result.js'
import type { ScoredPrecision } from '../result.js'

interface RunOf<Task extends string, Row> {
  readonly task: Task
  /** Where it comes from, for messages: the file. */
  readonly file: string
  readonly precision: Pick<ScoredPrecision, 'model' | 'bits' | 'method' | 'groupSize' | 'reference'>
  readonly rows: readonly Row[]
}

/** One precision's rows, of `eval lambada` or of `eval perplexity`. */
export type Run = RunOf<'lambada', LambadaRow> | RunOf<'perplexity', PerplexityRow>

/**
 * Reads one result of what `qnative eval lambada --rows --json` or `eval perplexity --rows --json` wrote.
 *
 * @param bits which one; needed where the file has several
 * @throws FormatError naming what is missing or wrong
 */
export async function readRun(path: string, bits?: string): Promise<Run> {
  const document = await readJsonObject(path)
  const file = path
  const command = document['command']
  if (command !== 'eval lambada' && command !== 'eval perplexity') {
    throw new FormatError(
      file,
      'command',
      `expected what "qnative eval lambada --rows --json" or "eval perplexity --rows --json" writes, found ${show(command)}`,
    )
  }
  const [result, field] = chooseResult(file, document['results'], bits)
  const rows = result['rows']
  if (!Array.isArray(rows) || rows.length === 0) {
    throw new FormatError(file, `${field}.rows`, 'expected a run with --rows, found no rows')
  }
  const read = <Row>(parse: (row: Fields) => Row) =>
    rows.map((row: unknown, i) => parse(new Fields(file, `${field}.rows[${i}]`, row)))
  const fields = new Fields(file, field, result)
  const precision = {
    model: fields.string('model'),
    bits: result['bits'] as ScoredPrecision['bits'],
    method: fields.string('method') as ScoredPrecision['method'],
    groupSize: result['groupSize'] === null ? null : fields.number('groupSize'),
    reference: fields.string('reference'),
  }
  return command === 'eval lambada'
    ? { task: 'lambada', file, precision, rows: read(lambadaRow) }
    : { task: 'perplexity', file, precision, rows: read(perplexityRow) }
}

function chooseResult(file: string, results: unknown, bits: string | undefined): [JsonObject, string] {
  if (!Array.isArray(results) || results.length === 0 || !results.every(isJsonObject)) {
    throw new FormatError(file, 'results', `expected a list of results, found ${show(results)}`)
  }
  const held = results.map((result) => String(result['bits']))
  const matching = held.flatMap((name, i) => (bits === undefined || name === bits ? [i] : []))
  const [index] = matching
  if (index !== undefined && matching.length === 1) return [results[index]!, `results[${index}]`]
  const expected =
    bits === undefined ? 'one result, or --a and --b to name one by its bits' : `one at ${bits}`
  throw new FormatError(file, 'results', `expected ${expected}, found ${held.join(', ')}`)
}

function lambadaRow(row: Fields): LambadaRow {
  return {
    ctx: row.number('ctx'),
    target: row.numbers('target'),
    loglik: row.number('loglik'),
    greedy: row.boolean('greedy'),
    rank_first: row.number('rank_first'),
    kl: row.number('kl'),
    same_top1: row.number('same_top1'),
  }
}

function perplexityRow(row: Fields): PerplexityRow {
  return {
    start: row.number('start'),
    tokens: row.number('tokens'),
    hash: row.string('hash'),
    loglik: row.number('loglik'),
    kl: row.number('kl'),
    same_top1: row.number('same_top1'),
  }
}

/** An object of a file, whose fields are checked as they are read. */
class Fields {
  readonly #file: string
  readonly #where: string
  readonly #values: JsonObject

  constructor(file: string, where: string, value: unknown) {
    if (!isJsonObject(value)) throw new FormatError(file, where, `expected an object, found ${show(value)}`)
    this.#file = file
    this.#where = where
    this.#values = value
  }

  number(name: string): number {
    const value = this.#values[name]
    if (typeof value !== 'number') throw this.#error(name, 'a number')
    return value
  }

  string(name: string): string {
    const value = this.#values[name]
    if (typeof value !== 'string') throw this.#error(name, 'a string')
    return value
  }

  boolean(name: string): boolean {
    const value = this.#values[name]
    if (typeof value !== 'boolean') throw this.#error(name, 'true or false')
    return value
  }

  numbers(name: string): number[] {
    const value = this.#values[name]
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'number')) {
      throw this.#error(name, 'a list of numbers')
    }
    return value
  }

  #error(name: string, expected: string): FormatError {
    const found = show(this.#values[name])
    return new FormatError(this.#file, `${this.#where}.${name}`, `expected ${expected}, found ${found}`)
  }
}
