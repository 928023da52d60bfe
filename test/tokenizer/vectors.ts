import { readFileSync } from 'node:fs'
import { sharedAsset } from '../shared.js'

/** llama.cpp's own test strings and the ids that they must give, without BOS. */
export function readTokenizerVectors(name: string): { text: string; ids: number[] }[] {
  const base = sharedAsset(`tokenizer-vectors/ggml-vocab-${name}.gguf`)
  const texts = readFileSync(`${base}.inp`, 'utf8').split('\n__ggml_vocab_test__\n')
  const lines = readFileSync(`${base}.out`, 'utf8').split('\n')
  return texts.map((text, i) => ({ text, ids: lines[i]!.split(' ').filter(Boolean).map(Number) }))
}

export function readLambadaTexts(): string[] {
  const lines = readFileSync(sharedAsset('lambada/lambada_test_first1000.jsonl'), 'utf8').trim().split('\n')
  return lines.map((line) => (JSON.parse(line) as { text: string }).text)
}
