import { FormatError, show } from '../formats/error.js'
import type { LlamaCheckpoint } from '../models/llama/checkpoint.js'
import type { Tokenizer } from '../tokenizer/tokenizer.js'
import type { TextAtLine } from './overlap.js'

/**
 * Whether the logits of two models can be compared, position by position and token by token.
 *
 * @param texts that are to be scored: both must split them alike
 * @throws FormatError naming the first difference of vocabulary, tokenizer or context
 */
export async function checkReference(
  checkpoint: LlamaCheckpoint,
  reference: LlamaCheckpoint,
  texts: readonly TextAtLine[],
): Promise<void> {
  if (reference.path === checkpoint.path) return
  const [own, other] = [checkpoint.config, reference.config]
  const refuse = (field: string, expected: string, found: string) =>
    new FormatError(reference.path, field, `expected ${expected} as in ${checkpoint.path}, found ${found}`)
  if (other.vocabSize !== own.vocabSize) {
    throw refuse('vocabulary', `${own.vocabSize} tokens`, String(other.vocabSize))
  }
  if (other.contextLength < own.contextLength) {
    throw refuse('context', `at least ${own.contextLength} tokens`, String(other.contextLength))
  }
  const [tokenizer, otherTokenizer] = [await checkpoint.tokenizer(), await reference.tokenizer()]
  for (let id = 0; id < Math.min(tokenizer.vocabSize, otherTokenizer.vocabSize); id++) {
    const [text, otherText] = [tokenizer.decode([id]), otherTokenizer.decode([id])]
    if (text !== otherText) throw refuse('tokenizer', `token ${id} to be ${show(text)}`, show(otherText))
  }
  for (const { line, text } of texts) {
    const [ids, otherIds] = [tokenizer.encode(text), otherTokenizer.encode(text)]
    const at = firstDifference(ids, otherIds)
    if (at !== undefined) {
      throw refuse(
        'tokenizer',
        `line ${line} of the data to have token ${at + 1} ${nameOf(tokenizer, ids[at])}`,
        nameOf(otherTokenizer, otherIds[at]),
      )
    }
  }
}

function firstDifference(a: readonly number[], b: readonly number[]): number | undefined {
  const length = Math.max(a.length, b.length)
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return i
  return undefined
}

function nameOf(tokenizer: Tokenizer, id: number | undefined): string {
  return id === undefined ? 'nothing' : `${id} ${show(tokenizer.decode([id]))}`
}
