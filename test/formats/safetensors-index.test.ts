import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, it } from 'vitest'
import { openSafetensorsDirectory, openSafetensorsIndex } from '../../src/formats/safetensors-index.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { safetensorsBytes } from './writers.js'

const root = temporaryDirectory()
const directory = join(root, 'model')
const shard = (...names: string[]) =>
  safetensorsBytes(names.map((name) => ({ name, type: 'F32', shape: [2] })))
const index = (weightMap: unknown) =>
  writeInto(directory, 'model.safetensors.index.json', JSON.stringify({ weight_map: weightMap }))

beforeEach(() => {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory)
  writeInto(directory, 's1.safetensors', shard('a', 'b'))
  writeInto(directory, 's2.safetensors', shard('c'))
})

it('joins the shards', async () => {
  const { files, tensors } = await openSafetensorsIndex(
    index({ a: 's1.safetensors', b: 's1.safetensors', c: 's2.safetensors' }),
  )
  expect(files.map(({ file }) => file)).toEqual([
    join(directory, 's1.safetensors'),
    join(directory, 's2.safetensors'),
  ])
  expect([...tensors.keys()]).toEqual(['a', 'b', 'c'])
  expect(tensors.get('c')?.file).toBe(join(directory, 's2.safetensors'))
})

it.each<[string, unknown, RegExp]>([
  [
    'a missing shard',
    { a: 's3.safetensors' },
    /weight_map\["a"\]: expected the file s3\.safetensors, found none/,
  ],
  [
    'a tensor that is elsewhere',
    { c: 's1.safetensors' },
    /weight_map\["c"\]: .* in s1\.safetensors, found none/,
  ],
  ['a path out of the directory', { a: '../s1.safetensors' }, /weight_map\["a"\]: expected the name of a/],
  ['an absolute path', { a: '/s1.safetensors' }, /weight_map\["a"\]: expected the name of a/],
  ['another kind of file', { a: 'config.json' }, /weight_map\["a"\]: expected the name of a/],
  ['a shard that is not a name', { a: 3 }, /weight_map\["a"\]: .* found 3/],
  ['no map', [], /weight_map: expected an object of tensor name to file/],
])('refuses %s', async (_, weightMap, message) => {
  writeInto(root, 's1.safetensors', shard('a'))
  await expect(openSafetensorsIndex(index(weightMap))).rejects.toThrow(message)
})

it('refuses a tensor in two shards', async () => {
  writeInto(directory, 's2.safetensors', shard('a', 'c'))
  const path = index({ a: 's1.safetensors', c: 's2.safetensors' })
  await expect(openSafetensorsIndex(path)).rejects.toThrow(
    /s2\.safetensors: tensor "a": .* in s1\.safetensors too/,
  )
})

it('prefers one file to an index, and takes a file that was named', async () => {
  index({ a: 's1.safetensors', c: 's2.safetensors' })
  expect((await openSafetensorsDirectory(directory)).tensors.size).toBe(3)
  expect((await openSafetensorsDirectory(directory, join(directory, 's2.safetensors'))).tensors.size).toBe(3)
  writeInto(directory, 'other.safetensors', shard('x'))
  const named = await openSafetensorsDirectory(directory, join(directory, 'other.safetensors'))
  expect([...named.tensors.keys()]).toEqual(['x'])
  writeInto(directory, 'model.safetensors', shard('y'))
  expect([...(await openSafetensorsDirectory(directory)).tensors.keys()]).toEqual(['y'])
})

it('says what a directory without weights lacks', async () => {
  await expect(openSafetensorsDirectory(root)).rejects.toThrow(
    `${root}: weights: expected model.safetensors or model.safetensors.index.json, found neither`,
  )
})
