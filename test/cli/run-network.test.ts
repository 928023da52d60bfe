import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { decodeNpy, encodeNpy, type NpyType, type NpyValues } from '../../src/formats/npy.js'
import { writeQuantizedGraph } from '../../src/graph/container/write-graph.js'
import { add, mul } from '../graph/small.js'
import { TypedGraph } from '../models/detector/lowering/networks.js'
import { temporaryDirectory } from '../temporary.js'
import { qnative } from './command-line.js'

const directory = temporaryDirectory()
const model = join(directory, 'network')

/** first + second in codes, and second once more as float32. */
beforeAll(async () => {
  const g = new TypedGraph()
  const first = g.builder.input('first', g.typed('i8', [2, 3], 0.5, 10))
  const second = g.builder.input('second', g.typed('i8', [2, 3], 0.25, -4))
  const sum = g.node(add, [first, second], 1, 3)
  const doubled = g.node(add, [second, second], 0.5, 0)
  const graph = { ...g.build(sum, doubled), inputs: [first, second], outputNames: ['sum', 'doubled'] }
  await writeQuantizedGraph(model, graph, { precision: 'int8', recipe: {}, sourceModel: 'test' })
})

function npy(
  name: string,
  values: NpyValues,
  type: NpyType = '<f4',
  shape: readonly number[] = [2, 3],
): string {
  const file = join(directory, name)
  writeFileSync(file, encodeNpy(values, shape, type))
  return file
}

const read = (out: string, name: string) => decodeNpy(readFileSync(join(out, name)), name)
const run = (out: string, ...flags: string[]) => qnative('run', '--model', model, '--out', out, ...flags)
const codes = Int8Array.of(-128, -4, 0, 10, 50, 127)
const reals = Float32Array.of(-100, -0.75, 0.125, 0.375, 1, 100)

describe('qnative run of a network', () => {
  test('takes codes and real numbers, in the model’s order or by name', async () => {
    const first = npy('first.npy', codes, '|i1')
    const second = npy('second.npy', reals)
    const folders: string[] = []
    for (const inputs of [
      [first, second],
      [`second=${second}`, `first=${first}`],
      [`second=${second}`, first],
    ]) {
      const out = join(directory, `out${folders.length}`)
      folders.push(out)
      const flags = inputs.flatMap((input) => ['--input', input])
      expect(await run(out, ...flags)).toEqual({ status: 0, stdout: '', stderr: '' })
      expect(readdirSync(out).sort()).toEqual(['output0.npy', 'output1.npy', 'outputs.json'])
      for (const name of ['output0.npy', 'output1.npy', 'outputs.json']) {
        expect(readFileSync(join(out, name))).toEqual(readFileSync(join(folders[0]!, name)))
      }
    }
    // 0.25 * (round(x / 0.25 - 4) + 4), ties to even; twice that is a code of scale 0.5, up to the 127th.
    const rounded = [-31, -0.75, 0, 0.5, 1, 32.75]
    expect([...read(folders[0]!, 'output1.npy').values]).toEqual(
      rounded.map((value) => Math.min(2 * value, 63.5)),
    )
    const real = [...codes].map((code, i) => 0.5 * (code - 10) + rounded[i]!)
    read(folders[0]!, 'output0.npy').values.forEach((value, i) => {
      expect(Math.abs(value - real[i]!)).toBeLessThanOrEqual(0.5)
    })
  })

  test('--raw adds what is stored, and outputs.json says what it means', async () => {
    const out = join(directory, 'raw')
    const second = npy('codes.npy', codes, '|i1')
    expect((await run(out, '--raw', '--input', second, '--input', second)).status).toBe(0)
    const raw = read(out, 'output1.raw.npy')
    expect(raw).toMatchObject({ type: '|i1', shape: [2, 3] })
    expect(read(out, 'output1.npy').values).toEqual(Float32Array.from(raw.values, (code) => 0.5 * code))
    const { outputs } = JSON.parse(readFileSync(join(out, 'outputs.json'), 'utf8'))
    expect(outputs).toEqual([
      {
        file: 'output0.npy',
        raw: 'output0.raw.npy',
        name: 'sum',
        dtype: 'float32',
        shape: [2, 3],
        stored: 'i8',
        quantization: { scale: 1, zeroPoint: 3 },
      },
      expect.objectContaining({ name: 'doubled', quantization: { scale: 0.5, zeroPoint: 0 } }),
    ])
  })

  test('--relaxed does not round to a tensor that fusing has removed', async () => {
    const g = new TypedGraph()
    const [x, y] = [g.typed('i8', [2, 3], 0.5, 10), g.builder.input('y', g.typed('i8', [2, 3], 0.25, 0))]
    // Between them, whole tens.
    const scaled = g.node(mul, [x, g.codes([3], 0.01)], 10, 0)
    const graph = g.build(g.node(add, [scaled, y], 0.5, 0))
    const chain = join(directory, 'chain')
    await writeQuantizedGraph(
      chain,
      { ...graph, inputs: [x, y], outputNames: ['sum'] },
      { precision: 'int8', recipe: {}, sourceModel: 'test' },
    )
    const values: number[][] = []
    for (const flags of [[], ['--relaxed']]) {
      const out = join(directory, `chain${flags.length}`)
      const inputs = ['--input', npy('x.npy', codes, '|i1'), '--input', npy('y.npy', new Int8Array(6), '|i1')]
      const outcome = await qnative('run', '--model', chain, '--out', out, ...inputs, ...flags)
      expect(outcome).toEqual({ status: 0, stdout: '', stderr: '' })
      values.push([...read(out, 'output0.npy').values])
    }
    const real = [...codes].map((code, i) => 0.5 * (code - 10) * 0.01 * [-100, -63, -26][i % 3]!)
    expect(values).toEqual(
      [10, 0.5].map((step) => real.map((value) => Math.min(step * Math.round(value / step) + 0, 63.5))),
    )
  })

  test('--relaxed is not of language models: 2', async () => {
    const args = ['run', '--model', directory, '--tokens', '1', '--out', join(directory, 'none'), '--relaxed']
    expect(await qnative(...args)).toEqual({
      status: 2,
      stdout: '',
      stderr: `error: --relaxed is for networks; ${directory} is a language model\n`,
    })
  })

  const good = () => npy('good.npy', codes, '|i1')
  test.each([
    ['nothing', () => [], /nothing for 'first'; this model has 'first', 'second'/],
    ['one input', () => [good()], /nothing for 'second'/],
    ['three', () => [good(), good(), good()], /good\.npy: one too many/],
    ['a name twice', () => [`first=${good()}`, `first=${good()}`], /--input first: given twice/],
    [
      'a name that is none',
      () => [`third=${good()}`, good()],
      /--input third: this model has 'first', 'second'/,
    ],
    [
      'another type',
      () => [npy('i4.npy', new Int32Array(6), '<i4'), good()],
      /input first: expected an array of \|i1 \(codes\) or <f4, found <i4/,
    ],
    [
      'another shape',
      () => [npy('flat.npy', codes, '|i1', [6]), good()],
      /input first: expected an array of shape \[2,3\], found \[6\]/,
    ],
    [
      'NaN',
      () => [npy('nan.npy', new Float32Array(6).fill(Number.NaN)), good()],
      /input first: expected numbers, found NaN/,
    ],
    [
      'a type that no network has',
      () => {
        const file = npy('f2.npy', new Int16Array(6), '<i2')
        writeFileSync(file, readFileSync(file, 'latin1').replace('<i2', '<f2'), 'latin1')
        return [file, good()]
      },
      /--input .*f2\.npy: descr: expected one of <f4, .*, found "<f2"/,
    ],
    ['a folder', () => [directory, good()], /--input .*: expected a \.npy file, found a folder/],
    ['tokens', () => [], /--tokens: .* is a network and takes --input/],
  ])('refuses %s', async (what, inputs, message) => {
    const out = join(directory, 'refused')
    const flags = what === 'tokens' ? ['--tokens', '1'] : inputs().flatMap((input) => ['--input', input])
    const { status, stderr } = await run(out, ...flags)
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^error: .+\n$/)
    expect(status).toBe(2)
    expect(existsSync(out)).toBe(false)
  })

  test.each([
    ['--bits', '4'],
    ['--activations', 'int8'],
  ])('refuses %s: a network runs as it is', async (option, value) => {
    const inputs = ['--input', good(), '--input', good()]
    const { status, stderr } = await run(join(directory, 'refused'), ...inputs, option, value)
    expect(stderr).toBe(`error: ${option}: ${model} runs as it is; quantize it with qnative quantize\n`)
    expect(status).toBe(2)
  })

  test('a folder without a network is not taken for a language model', async () => {
    const out = join(directory, 'refused')
    const { status, stderr } = await qnative('run', '--model', directory, '--input', good(), '--out', out)
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^error: [^\n]*: folder: expected model\.json or a quantized network in it[^\n]+\n$/,
    )
  })

  test('a run that fails while it writes leaves no outputs.json of an earlier one', async () => {
    const out = join(directory, 'again')
    const inputs = ['--input', good(), '--input', good()]
    expect((await run(out, ...inputs)).status).toBe(0)
    rmSync(join(out, 'output1.npy'))
    mkdirSync(join(out, 'output1.npy'))
    const { status, stderr } = await run(out, ...inputs)
    expect(status).toBe(1)
    expect(stderr).toMatch(/^error: [^\n]*output1\.npy: illegal operation on a directory\n$/)
    expect(readdirSync(out).sort()).toEqual(['output0.npy', 'output1.npy'])
  })

  test('refuses a file that is not there or is no array', async () => {
    const out = join(directory, 'refused')
    const missing = await run(out, '--input', join(directory, 'none.npy'), '--input', good())
    expect(missing).toMatchObject({ status: 1, stderr: expect.stringMatching(/none\.npy: no such file/) })
    const text = join(directory, 'text.npy')
    writeFileSync(text, 'no array')
    const wrong = await run(out, '--input', text, '--input', good())
    expect(wrong).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/text\.npy: header: expected a \.npy/),
    })
  })
})
