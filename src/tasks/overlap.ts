// Text that weights were calibrated on must not be what they are scored on. Calibration leaves a hash of each of its
// texts in the checkpoint, and every evaluation looks its own texts up in them.
import { createHash } from 'node:crypto'

/**
 * The first 16 hexadecimal digits of the SHA-256 of a text's letters and digits, composed (NFKC) and lower-cased: white
 * space, punctuation and case differ between versions of a data set whose text is the same.
 */
export function textHash(text: string): string {
  const essence = text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{Nd}]+/gu, '')
  return createHash('sha256').update(essence).digest('hex').slice(0, 16)
}

/** A text and the line of its file, from 1, on which it begins. */
export interface TextAtLine {
  readonly line: number
  readonly text: string
}

/** Those of the passages whose hash is among `hashes`. */
export function findOverlap<P extends TextAtLine>(passages: readonly P[], hashes: Iterable<string>): P[] {
  const known = new Set(hashes)
  return known.size === 0 ? [] : passages.filter(({ text }) => known.has(textHash(text)))
}

/** Characters: what is shorter, a heading or "Yes, he said.", is in many texts. */
const SHORTEST_PART = 40

/**
 * What a running text may share with calibration text: its lines, and its paragraphs of several lines, between empty
 * ones; without those of fewer than 40 characters, which prove nothing.
 */
export function linesAndParagraphs(text: string): TextAtLine[] {
  const lines = text.split('\n').map((line, i) => ({ line: i + 1, text: line }))
  const paragraphs: TextAtLine[] = []
  let open: TextAtLine[] = []
  for (const line of [...lines, { line: lines.length + 1, text: '' }]) {
    if (line.text.trim() !== '') {
      open.push(line)
      continue
    }
    const [first] = open
    if (first && open.length > 1) {
      paragraphs.push({ line: first.line, text: open.map((part) => part.text).join('\n') })
    }
    open = []
  }
  return [...lines, ...paragraphs].filter((part) => part.text.trim().length >= SHORTEST_PART)
}

/**
 * @param file of the passages
 * @throws Error naming the lines of the file that the checkpoint was calibrated on
 */
export function refuseCalibrationText(
  checkpoint: { readonly path: string; readonly calibrationHashes?: readonly string[] },
  file: string,
  passages: readonly TextAtLine[],
): void {
  const found = findOverlap(passages, checkpoint.calibrationHashes ?? [])
  if (found.length === 0) return
  const lines = [...new Set(found.map(({ line }) => line))].sort((a, b) => a - b)
  throw new Error(
    `${file}: expected text that ${checkpoint.path} was not calibrated on, found ${lineNumbers(lines)} in its calibration text`,
  )
}

const MOST_NAMED = 10

function lineNumbers(lines: readonly number[]): string {
  if (lines.length === 1) return `line ${lines[0]}`
  const more = lines.length - MOST_NAMED
  return `lines ${lines.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
