import { readFile } from 'node:fs/promises'
import { textHash } from '../tasks/overlap.js'
import type { Tokenizer } from '../tokenizer/tokenizer.js'

/** What a model is calibrated on. */
export interface CalibrationText {
  /** The file, or what else it comes from. */
  readonly source: string
  /** Token ids, each at most the model's context. */
  readonly sequences: readonly (readonly number[])[]
  /** Of each line that was used (overlap.ts): an evaluation refuses rows that are among them. */
  readonly hashes: readonly string[]
}

export interface CalibrationOptions {
  /** The first so many sequences. Default 128. */
  readonly samples?: number
  /** Lines are joined and cut into windows of so many tokens; absent: a line is a sequence. */
  readonly sequenceLength?: number
}

export const DEFAULT_SAMPLES = 128

/** Characters of a token, about: how much text is encoded at a time for the windows. */
const TYPICAL_CHARACTERS = 5

/**
 * Reads calibration text: a line is a sequence, or lines are joined by their line breaks and cut into windows, the last
 * of which is left out unless it is the only one. Empty lines are skipped; of a .jsonl file the "text" of each line counts.
 *
 * @throws Error naming the file when it holds no text
 */
export async function readCalibration(
  file: string,
  tokenizer: Tokenizer,
  contextLength: number,
  { samples = DEFAULT_SAMPLES, sequenceLength }: CalibrationOptions = {},
): Promise<CalibrationText> {
  const lines = textLines(file, await readFile(file, 'utf8'))
  if (lines.length === 0) throw new Error(`${file}: expected calibration text, found none`)
  if (sequenceLength === undefined) {
    const used = lines.slice(0, samples)
    const sequences = used.map((line) => tokenizer.encode(line).slice(0, contextLength))
    return { source: file, sequences, hashes: used.map(textHash) }
  }
  if (sequenceLength > contextLength) {
    throw new RangeError(
      `a sequence length of ${sequenceLength} exceeds the model's context of ${contextLength} tokens`,
    )
  }
  const { sequences, used } = windows(lines, tokenizer, samples, sequenceLength)
  return { source: file, sequences, hashes: used.map(textHash) }
}

function textLines(file: string, content: string): string[] {
  const lines = content.split(/\r?\n/)
  const texts = file.endsWith('.jsonl') ? lines.map((line, i) => jsonText(line, `${file}:${i + 1}`)) : lines
  return texts.filter((text) => text.trim() !== '')
}

function jsonText(line: string, where: string): string {
  if (line.trim() === '') return ''
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    value = undefined
  }
  const text = (value as { text?: unknown } | null | undefined)?.text
  if (typeof text !== 'string') throw new Error(`${where}: expected a JSON object with a "text"`)
  return text
}

/** As many lines are encoded at a time as give the windows asked for, so that a large file costs no more than it gives. */
function windows(
  lines: readonly string[],
  tokenizer: Tokenizer,
  samples: number,
  length: number,
): { sequences: number[][]; used: readonly string[] } {
  const wanted = samples * length
  const characters = wanted * TYPICAL_CHARACTERS
  let text = ''
  let tokens: number[] = []
  let next = 0
  while (next < lines.length && tokens.length < wanted) {
    for (const until = text.length + characters; next < lines.length && text.length < until; next++) {
      text += `${text === '' ? '' : '\n'}${lines[next]}`
    }
    tokens = tokenizer.encode(text)
  }
  const count = Math.max(1, Math.min(samples, Math.floor(tokens.length / length)))
  const sequences = Array.from({ length: count }, (_, i) => tokens.slice(i * length, (i + 1) * length))
  return { sequences, used: lines.slice(0, next) }
}
