import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openGguf } from '../../src/formats/gguf-split.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { ggufBytes, type WrittenValue } from './writers.js'

const directory = temporaryDirectory()
const fileName = (part: number) => `m-0000${part + 1}-of-00003.gguf`

function part(index: number, names: string[], changes: { no?: number; count?: number; total?: number } = {}) {
  const metadata: [string, WrittenValue][] = [
    ['split.no', { type: 'u16', value: changes.no ?? index }],
    ['split.count', { type: 'u16', value: changes.count ?? 3 }],
    ['split.tensors.count', { type: 'i32', value: changes.total ?? 4 }],
  ]
  if (index === 0) metadata.push(['general.name', { type: 'string', value: 'M' }])
  const tensors = names.map((name) => ({ name, type: 'F32' as const, shape: [2] }))
  return writeInto(directory, fileName(index), ggufBytes({ metadata, tensors }))
}

function writeAll(): void {
  part(0, [])
  part(1, ['a', 'b', 'c'])
  part(2, ['d'])
}

it('opens all parts from any of them', async () => {
  writeAll()
  for (const index of [0, 1, 2]) {
    const { files, tensors, metadata } = await openGguf(join(directory, fileName(index)))
    expect(files.map(({ file }) => file)).toEqual([0, 1, 2].map((i) => join(directory, fileName(i))))
    expect([...tensors.keys()]).toEqual(['a', 'b', 'c', 'd'])
    expect(tensors.get('d')?.file).toBe(join(directory, fileName(2)))
    expect(metadata.string('general.name')).toBe('M')
  }
})

it('names the part that is missing', async () => {
  writeAll()
  rmSync(join(directory, fileName(1)))
  await expect(openGguf(join(directory, fileName(0)))).rejects.toThrow(
    /split\.count: expected 3 files, found no m-00002-of-00003\.gguf/,
  )
})

it.each<[string, () => void, RegExp]>([
  [
    'a part in another’s place',
    () => part(2, ['d'], { no: 1 }),
    /m-00003-of-00003\.gguf: split\.no: expected 2, found 1/,
  ],
  ['a part of another split', () => part(2, ['d'], { count: 4 }), /split\.count: expected 3, found 4/],
  [
    'a tensor in two parts',
    () => part(2, ['a']),
    /m-00003-of-00003\.gguf: tensor "a": .* in m-00002-of-00003\.gguf too/,
  ],
  [
    'too few tensors',
    () => part(1, ['a']),
    /split\.tensors\.count: expected 4 tensors in all parts, found 2/,
  ],
])('refuses %s', async (_, spoil, message) => {
  writeAll()
  spoil()
  await expect(openGguf(join(directory, fileName(0)))).rejects.toThrow(message)
})

it('refuses a part that was renamed', async () => {
  const metadata: [string, WrittenValue][] = [['split.count', { type: 'u16', value: 3 }]]
  const file = writeInto(directory, 'renamed.gguf', ggufBytes({ metadata }))
  await expect(openGguf(file)).rejects.toThrow(/expected a file name that ends in -NNNNN-of-00003\.gguf/)
})
