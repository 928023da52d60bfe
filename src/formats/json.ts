import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { FormatError, show } from './error.js'

export type JsonObject = Readonly<Record<string, unknown>>

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * A JSON text whose top level is an object. Duplicate names are refused at every depth, because JSON.parse silently
 * keeps the last, and two readers that keep different ones see two different models.
 */
export function parseJsonObject(text: string, file: string, field: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new FormatError(file, field, `expected JSON, found ${(cause as Error).message}`, { cause })
  }
  if (!isJsonObject(value)) throw new FormatError(file, field, `expected a JSON object, found ${show(value)}`)
  const duplicate = findDuplicateName(text)
  if (duplicate !== undefined) {
    throw new FormatError(file, field, `expected every name once, found ${show(duplicate)} twice`)
  }
  return value
}

/** Reads a small JSON file whole. */
export async function readJsonObject(path: string): Promise<JsonObject> {
  const file = resolve(path)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new FormatError(
      file,
      'file',
      `expected a readable file, found none (${(cause as Error).message})`,
      { cause },
    )
  }
  return parseJsonObject(text, file, 'file')
}

/** The first name that occurs twice in one object of a text that is known to be valid JSON. */
function findDuplicateName(text: string): string | undefined {
  // One entry for each open bracket: the names seen so far in an object, undefined in an array.
  const open: (Set<string> | undefined)[] = []
  // In valid JSON a string is a name exactly where an object has just been opened, or a comma passed inside one.
  let nameExpected = false
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x7b: // {
        open.push(new Set())
        nameExpected = true
        break
      case 0x5b: // [
        open.push(undefined)
        nameExpected = false
        break
      case 0x7d: // }
      case 0x5d: // ]
        open.pop()
        nameExpected = false
        break
      case 0x2c: // ,
        nameExpected = open.at(-1) !== undefined
        break
      case 0x22: {
        // "
        const start = i++
        while (text.charCodeAt(i) !== 0x22) i += text.charCodeAt(i) === 0x5c ? 2 : 1
        if (!nameExpected) break
        nameExpected = false
        // Parsed, because "a" and "\u0061" are the same name.
        const name = JSON.parse(text.slice(start, i + 1)) as string
        const names = open.at(-1)!
        if (names.has(name)) return name
        names.add(name)
        break
      }
    }
  }
  return undefined
}
