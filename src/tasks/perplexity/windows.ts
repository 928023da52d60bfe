/** A stretch of a text that is run at once, and what of it is scored. Positions in the text's tokens, ends exclusive. */
export interface Window {
  readonly begin: number
  readonly end: number
  /** Tokens from here to `end` are scored, each given those from `begin` on. */
  readonly scoredFrom: number
}

/**
 * Sliding windows as in Hugging Face's "Perplexity of fixed-length models" (transformers documentation): one begins every
 * `stride` tokens, and only what the one before has not scored is scored. The first token of a window has nothing that
 * it could be predicted from, so that without overlap one token in `length` is not scored. Windows that score nothing
 * are left out.
 */
export function slidingWindows(tokens: number, length: number, stride: number): Window[] {
  const windows: Window[] = []
  let scored = 0
  for (let begin = 0; scored < tokens; begin += stride) {
    const end = Math.min(begin + length, tokens)
    const window = { begin, end, scoredFrom: Math.max(scored, begin + 1) }
    if (window.scoredFrom < end) windows.push(window)
    scored = end
  }
  return windows
}

/** A part of a window that is run at once, behind the parts before it. */
export interface Piece {
  /** Of its first token, in the text's tokens. */
  readonly begin: number
  readonly end: number
  /** Whether each of its positions predicts a token to be scored; else it is only context. */
  readonly scored: boolean
}

/** At most so many rows of logits at once: with 50,000 tokens in the vocabulary they are 50 MB. */
export const PIECE = 256

/** The tokens of a window that predict something or are context for others, that is, all but its last, in pieces. */
export function piecesOf({ begin, end, scoredFrom }: Window): Piece[] {
  return [...inPieces(begin, scoredFrom - 1, false), ...inPieces(scoredFrom - 1, end - 1, true)]
}

function inPieces(from: number, to: number, scored: boolean): Piece[] {
  const pieces: Piece[] = []
  for (let begin = from; begin < to; begin += PIECE) {
    pieces.push({ begin, end: Math.min(begin + PIECE, to), scored })
  }
  return pieces
}
