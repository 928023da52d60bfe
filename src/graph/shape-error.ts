/** Inputs that do not fit an operation; whoever knows the node and the file says so in a FormatError. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'

  constructor(expected: string, found: string) {
    super(`expected ${expected}, found ${found}`)
  }
}
