import { describe, expect, test } from 'vitest'
import { addon } from '../../../src/native/addon.js'
import type { WeightSource } from '../../../src/native/face.js'
import { Session } from '../../../src/native/session.js'
import { readMatrix } from '../../../src/native/weight.js'
import { ProgramBuilder } from '../../../src/program/builder.js'
import { temporaryDirectory, writeInto } from '../../temporary.js'
import { integers } from '../kernels/random.js'
import { conv2dU8 } from '../ops/convolution-u8.js'
import { load } from './loaded.js'

const directory = temporaryDirectory()
const [rows, cols] = [37, 45]
const codes = Int8Array.from(integers(1, rows * cols, 256), (code) => code - 128)

/** In a file, at an odd offset. */
function fileOf(type: string, bytes: Uint8Array): WeightSource {
  const content = new Uint8Array(bytes.length + 3)
  content.set(bytes, 3)
  const file = addon().openFile(writeInto(directory, `${type}.bin`, content))
  return { kind: 'file', file, offset: 3, length: bytes.length, type, rows, cols, ropeHeads: 0 }
}

const sources: Record<string, WeightSource> = {
  'codes in memory': { kind: 'codes', values: codes, rows, cols },
  'integers as floats': { kind: 'array', values: Float32Array.from(codes), rows, cols },
  'a file of I8': fileOf('I8', new Uint8Array(codes.buffer)),
  'a file of U8, minus 128': fileOf(
    'U8',
    Uint8Array.from(codes, (code) => code + 128),
  ),
}

/** What the kernels see, [rows, cols]: convolutions of one-hot windows, `taps` cells side by side. */
async function seen(source: WeightSource, taps: number): Promise<number[]> {
  const weight = await load(source, { kind: 'i8', tapCols: cols / taps })
  expect(weight).toMatchObject({ format: 'i8', rows, cols, unit: 0, groupSize: 0, bitsPerWeight: 8 })
  const p = new ProgramBuilder()
  const operands = {
    x: p.input('x', 'u8', cols, 1, taps, cols / taps),
    weight: p.weight('w', rows, cols),
    bias: p.input('bias', 'i32', rows),
    multiplier: p.input('multiplier', 'f32', rows),
  }
  const window = { size: [1, taps], stride: [1, 1], pad: { top: 0, left: 0 } } as const
  const y = p.intermediate('f32', cols, 1, 1, rows)
  p.output('y', conv2dU8(p, 'conv', operands, window, { x: 0 }, y))
  const session = new Session(p.build(), new Map([['w', weight.handle]]), { threads: 1, isa: 'reference' })
  const x = new Uint8Array(cols * cols)
  for (let k = 0; k < cols; k++) x[k * cols + k] = 1
  const inputs = { x, bias: new Int32Array(rows), multiplier: new Float32Array(rows).fill(1) }
  const { outputs } = await session.run({}, inputs)
  session.close()
  return Array.from(codes, (_, i) => outputs['y']!.data[(i % cols) * rows + Math.floor(i / cols)]!)
}

describe.each(Object.entries(sources))('%s', (_, source) => {
  test.each([1, 3, 9])('in %i taps', async (taps) => {
    expect(await seen(source, taps)).toEqual([...codes])
  })
  test('as values', async () => {
    expect(await readMatrix(source, 'w', 2)).toEqual(Float32Array.from(codes))
  })
})

describe('refuses', () => {
  const array = (values: Float32Array): WeightSource => ({ kind: 'array', values, rows: 2, cols: 3 })
  test.each([
    ['a fraction', 0.5],
    ['128', 128],
    ['-129', -129],
  ])('%s', async (_, value) => {
    const bad = load(array(Float32Array.of(1, 2, 3, 4, value, 6)), { kind: 'i8', tapCols: 3 })
    await expect(bad).rejects.toThrow("tensor 'w' [1, 1]: expected an integer from -128 to 127, found")
  })
  test('columns that are no taps', async () => {
    const bad = load(array(new Float32Array(6)), { kind: 'i8', tapCols: 2 })
    await expect(bad).rejects.toThrow("tensor 'w': expected columns in taps of 2, found 3 columns")
  })
  test('as many codes as the shape does not say', async () => {
    const bad = load({ kind: 'codes', values: codes, rows: 2, cols: 3 }, { kind: 'i8', tapCols: 3 })
    await expect(bad).rejects.toThrow("tensor 'w': expected 2 x 3 codes, found 1665")
  })
  test('a file of another length', async () => {
    const source = { ...sources['a file of I8']!, rows: 36 } as WeightSource
    await expect(load(source, { kind: 'i8', tapCols: 45 })).rejects.toThrow(
      "tensor 'w': expected 36 x 45 codes of a byte, found 1665 bytes",
    )
  })
  test('codes as panels of another kind', async () => {
    await expect(load(sources['a file of I8']!, { kind: 'native' })).rejects.toThrow(
      'codes without scales can be loaded as i8 only',
    )
  })
  test('random codes', async () => {
    const bad = load({ kind: 'random', seed: 1, rows, cols }, { kind: 'i8', tapCols: cols })
    await expect(bad).rejects.toThrow("tensor 'w': random weights are made as")
  })
})
