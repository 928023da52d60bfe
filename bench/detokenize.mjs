// LAMBADA's development text is tokenised: lower case, spaces around punctuation, `` and '' for quotes. What models are
// scored on (lambada_openai) is running text. This gives the one the form of the other, for calibration:
//
//   node bench/detokenize.mjs lambada_development_plain_text.txt [--without lambada_test.jsonl] > calibration.txt
//
// --without leaves out the passages that are also in that file, by their letters and digits.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { textHash } from '../dist/index.js'

/** @param {string} line */
export function detokenize(line) {
  return (
    line
      .replaceAll(/(``|'') ?/g, (quote) => (quote.startsWith('`') ? ' “' : '” '))
      // What belongs to the word before it, and what to the word behind.
      .replaceAll(/ (n't|'s|'m|'re|'ve|'ll|'d)\b/g, '$1')
      .replaceAll(/ ([.,!?;:)”]|\.\.\.)/g, '$1')
      .replaceAll(/([(“]) /g, '$1')
      .replaceAll(/ +/g, ' ')
      .trim()
      .replaceAll(/\bi\b/g, 'I')
      // The first letter of a sentence, of a speech too.
      .replaceAll(/(^|[.!?]”? |[.!?,]? ?“)([a-z])/g, (_, before, letter) => before + letter.toUpperCase())
      .replaceAll(/[“”]/g, '"')
  )
}

/**
 * The lines of a text in the form of what is scored, without those that are among the passages.
 * @param {string} file
 * @param {string} [passages] a .jsonl file
 */
export function detokenizedLines(file, passages) {
  const scored = passages === undefined ? [] : readFileSync(passages, 'utf8').trim().split('\n')
  const left = new Set(scored.map((line) => textHash(JSON.parse(line).text)))
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line.trim() !== '' && !left.has(textHash(line))).map(detokenize)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { without: { type: 'string' } },
  })
  const [file] = positionals
  if (file === undefined) {
    console.error('usage: node bench/detokenize.mjs TEXT [--without PASSAGES.jsonl] > OUT')
    process.exit(2)
  }
  process.stdout.write(`${detokenizedLines(file, values.without).join('\n')}\n`)
}
