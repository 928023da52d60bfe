import { readFile, stat } from 'node:fs/promises'
import { rstrip } from '../python-text.js'

/** A passage of LAMBADA; its last word, split at spaces, is the target. */
export interface Passage {
  /** In the data file, from 1. */
  readonly line: number
  readonly text: string
}

/**
 * Reads passages, one JSON object `{"text": ...}` a line; empty lines are skipped.
 * @param limit the first so many; default all
 * @throws Error naming the file and the line
 */
export async function readPassages(file: string, limit = Number.POSITIVE_INFINITY): Promise<Passage[]> {
  if ((await stat(file)).isDirectory())
    throw new Error(`${file}: expected a file of passages, found a directory`)
  const lines = (await readFile(file, 'utf8')).split('\n')
  const passages: Passage[] = []
  for (let i = 0; i < lines.length && passages.length < limit; i++) {
    if (lines[i]!.trim() === '') continue
    passages.push({ line: i + 1, text: parseText(lines[i]!, `${file}:${i + 1}`) })
  }
  if (passages.length === 0) throw new Error(`${file}: expected a passage a line, found none`)
  return passages
}

function parseText(line: string, where: string): string {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new Error(`${where}: expected a JSON object with a "text", found ${quote(line)}`)
  }
  const text = (value as { text?: unknown } | null)?.text
  if (typeof text !== 'string') throw new Error(`${where}: expected a "text" string, found ${quote(line)}`)
  const [context] = splitTarget(text)
  if (rstrip(context) === '') {
    throw new Error(`${where}: expected a passage of two words or more, found ${quote(text)}`)
  }
  return text
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text)
}

/** lm-evaluation-harness's doc_to_text and doc_to_target (tasks/lambada/lambada_openai.yaml): split at the last space. */
export function splitTarget(text: string): [context: string, target: string] {
  const at = text.lastIndexOf(' ')
  return at < 0 ? ['', ` ${text}`] : [text.slice(0, at), text.slice(at)]
}
