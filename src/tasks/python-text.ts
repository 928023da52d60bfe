// What Python counts as white space, where a definition that is to be met exactly is written in Python. JavaScript's is
// not the same: U+001C to U+001F and U+0085 are in Python's, U+FEFF is not.

const SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const trailingSpace = new RegExp(`[${SPACE}]+$`)
const word = new RegExp(`[^${SPACE}]+`, 'g')

/** str.rstrip. */
export function rstrip(text: string): string {
  return text.replace(trailingSpace, '')
}

/** len(str.split()). */
export function countWords(text: string): number {
  let count = 0
  for (const _ of text.matchAll(word)) count++
  return count
}
