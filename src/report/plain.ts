/** Text from a file as one line without escape sequences, so that it cannot rewrite the terminal. */
export function plain(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\u2028\u2029]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
