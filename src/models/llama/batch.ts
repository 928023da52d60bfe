import type { LlamaConfig } from './config.js'
import { KV_BLOCK } from './program.js'
import { RopeTable } from './rope-table.js'

/** Tokens to run, and which of their positions' logits are wanted. */
export interface SequenceInput {
  readonly tokens: readonly number[]
  /** Positions in `tokens` whose logits are wanted, ascending. */
  readonly rows: readonly number[]
  /** Tokens of this sequence that are in the cache already. Default 0. */
  readonly before?: number
  /** First cache slot, a multiple of 16. Default: after the sequences before it in the batch. */
  readonly firstSlot?: number
}

/** Symbols and inputs of one run of llamaProgram. */
export interface LlamaBatch {
  readonly symbols: Readonly<Record<'T' | 'S' | 'R' | 'B', number>>
  readonly inputs: {
    readonly ids: Int32Array
    readonly cos: Float32Array
    readonly sin: Float32Array
    readonly slots: Int32Array
    readonly sequences: Int32Array
    readonly rows: Int32Array
  }
}

/** Lays sequences one after another into a ragged batch: no padding between them, cache blocks of their own. */
export class LlamaBatcher {
  readonly #rope: RopeTable

  constructor(config: LlamaConfig) {
    this.#rope = new RopeTable(config)
  }

  pack(sequences: readonly SequenceInput[]): LlamaBatch {
    const ids: number[] = []
    const positions: number[] = []
    const slots: number[] = []
    const table: number[] = []
    const rows: number[] = []
    let blocks = 0
    for (const { tokens, rows: wanted, before = 0, firstSlot = blocks * KV_BLOCK } of sequences) {
      const first = ids.length
      table.push(first, tokens.length, firstSlot, before)
      tokens.forEach((id, i) => {
        ids.push(id)
        positions.push(before + i)
        slots.push(firstSlot + before + i)
      })
      for (const row of wanted) rows.push(first + row)
      blocks = Math.max(blocks, Math.ceil((firstSlot + before + tokens.length) / KV_BLOCK))
    }
    return {
      symbols: { T: ids.length, S: sequences.length, R: rows.length, B: blocks },
      inputs: {
        ids: Int32Array.from(ids),
        ...this.#rope.rows(positions),
        slots: Int32Array.from(slots),
        sequences: Int32Array.from(table),
        rows: Int32Array.from(rows),
      },
    }
  }
}

/** Items in order, as many as fit into `tokens`, at least one. */
export function* inBatches<Item>(
  items: readonly Item[],
  lengthOf: (item: Item) => number,
  tokens: number,
): Generator<Item[]> {
  let batch: Item[] = []
  let size = 0
  for (const item of items) {
    const length = lengthOf(item)
    if (batch.length > 0 && size + length > tokens) {
      yield batch
      batch = []
      size = 0
    }
    batch.push(item)
    size += length
  }
  if (batch.length > 0) yield batch
}
