/**
 * A model file that cannot be used as it is. The message is one line: the file, the field, what was expected and what
 * was found.
 */
export class FormatError extends Error {
  override readonly name = 'FormatError'

  /**
   * @param file Path of the file at fault.
   * @param field What in the file is at fault: a key, a tensor's name, `header`, ...
   * @param problem Reads on from there, usually "expected X, found Y".
   */
  constructor(
    readonly file: string,
    readonly field: string,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${oneLine(field)}: ${oneLine(problem)}`, options)
  }
}

const longestPart = 400

/** Names come from files: no line breaks, no escape sequences for the terminal, no pages of text. */
function oneLine(text: string): string {
  const clean = text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
  return clean.length <= longestPart ? clean : `${clean.slice(0, longestPart)}...`
}

const longestShown = 80

/** A value from a file, quoted on one line and cut short, so that a hostile file cannot fill the terminal. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  // BigInt has no JSON form.
  const text = typeof value === 'bigint' ? value.toString() : JSON.stringify(value)
  return text.length <= longestShown ? text : `${text.slice(0, longestShown)}...`
}
