import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FormatError } from '../../../src/formats/error.js'
import { readTflite } from '../../../src/formats/tflite/tflite.js'
import { temporaryDirectory, writeInto } from '../../temporary.js'
import { scalar, table, vector } from './flatbuffer-writer.js'
import { convolutionModel, f32, tfliteBytes, type WrittenModel, withTensor } from './writer.js'

const directory = temporaryDirectory()
const write = (bytes: Uint8Array) => writeInto(directory, 'x.tflite', bytes)
const read = (model: WrittenModel) => readTflite(write(tfliteBytes(model)))

describe('reads', () => {
  it('tensors, operators and options', async () => {
    const model = await read(convolutionModel('int8'))
    expect(model.tensors.map(({ name, type, shape }) => [name, type, shape])).toEqual([
      ['x', 'I8', [1, 4, 4, 2]],
      ['weights', 'I8', [3, 3, 3, 2]],
      ['bias', 'I32', [3]],
      ['y', 'I8', [1, 4, 4, 3]],
    ])
    expect(model.tensors[1]!.quantization).toEqual({
      scales: Float32Array.of(0.25, 0.5, 0.125),
      zeroPoints: Int32Array.of(0, 0, 0),
      axis: 0,
    })
    expect([model.inputs, model.outputs]).toEqual([[0], [3]])
    expect(model.operators).toEqual([
      {
        name: 'CONV_2D',
        custom: false,
        inputs: [0, 1, 2],
        outputs: [3],
        options: { padding: 0, strideW: 1, strideH: 1, activation: 1, dilationW: 1, dilationH: 1 },
      },
    ])
  })

  it('where weights lie, and not the weights', async () => {
    const bytes = tfliteBytes(convolutionModel())
    const { tensors } = await readTflite(write(bytes))
    const { offset, length } = tensors[1]!.data!
    const values = new Float32Array(new Uint8Array(bytes.subarray(offset, offset + length)).buffer)
    expect([...values.slice(0, 4)]).toEqual([-5, 2, -2, 5])
  })

  it('data that large files keep behind the flatbuffer', async () => {
    const model = withTensor(convolutionModel(), 'bias', { behind: [8, 12] })
    const { tensors } = await read(model)
    expect(tensors[2]!.data).toMatchObject({ offset: 8, length: 12 })
    const outside = withTensor(convolutionModel(), 'bias', { behind: [1e6, 12] })
    await expect(read(outside)).rejects.toThrow(/buffer 2: expected data inside the file's \d+ bytes/)
  })
})

describe('refuses', () => {
  const model = convolutionModel('int8')
  it.each<[string, WrittenModel, RegExp]>([
    ['another version', { ...model, version: 2 }, /x\.tflite: version: expected 3, found 2/],
    [
      'sparse weights',
      withTensor(model, 'weights', { extra: { 6: table({}) } }),
      /tensor "weights": expected dense data, found sparsity parameters/,
    ],
    [
      'custom quantization',
      withTensor(model, 'weights', { extra: { 4: table({ 4: scalar('i8', 1), 5: table({}) }) } }),
      /tensor "weights": expected scales and zero points, found custom quantization details/,
    ],
    [
      'data of another size',
      withTensor(model, 'bias', { data: f32([1]) }),
      /tensor "bias": expected 12 bytes for I32 \[3\], found 4/,
    ],
    [
      'a buffer that is not there',
      withTensor(model, 'x', { extra: { 2: scalar('i32', 99) } }),
      /tensor "x": expected one of 3 buffers, found 99/,
    ],
    [
      'sizes below -1',
      withTensor(model, 'y', { shape: [1, -4, 4, 3] }),
      /tensor "y": expected at most 8 sizes/,
    ],
    [
      'zero points beyond 16 bits',
      withTensor(model, 'y', { zeroPoints: [2 ** 40] }),
      /tensor "y": expected zero points of at most 16 bits, found 1099511627776/,
    ],
    [
      'inputs that are not there',
      { ...model, inputs: ['z'] },
      /subgraph 0: expected inputs among the 4 tensors, found -1/,
    ],
    [
      'the options of another operator',
      { ...model, operators: [{ ...model.operators[0]!, options: [2, {}] }] },
      /operator 0: expected the options of CONV_2D \(union 1\), found union 2/,
    ],
    [
      'custom options that are no map',
      {
        ...model,
        operators: [
          { code: 32, custom: 'Mine', inputs: ['x'], outputs: ['y'], customOptions: Uint8Array.of(7, 4, 1) },
        ],
      },
      /operator 0, custom options: expected a map of options, found type 1/,
    ],
  ])('%s', async (_, broken, message) => {
    await expect(read(broken)).rejects.toThrow(message)
  })

  it('another file', async () => {
    await expect(readTflite(write(Buffer.from('GGUF, or what?')))).rejects.toThrow(
      /x\.tflite: identifier: expected "TFL3"/,
    )
    await expect(readTflite(`${directory}/absent.tflite`)).rejects.toThrow(
      /expected a readable file, found none/,
    )
    await expect(readTflite(directory)).rejects.toThrow(/expected a plain file/)
  })

  it('a vector of more than the file', async () => {
    const huge = withTensor(model, 'x', {
      extra: { 0: { kind: 'vector', count: 2 ** 31, bytes: Buffer.alloc(4) } },
    })
    await expect(read(huge)).rejects.toThrow(
      /tensor 0, shape: expected at most the \d+ items that the file can hold/,
    )
  })

  it('offsets that lead to the same bytes again and again', async () => {
    // 200 tensors share one vector of 100,000 scales: 80 MB, were they all read.
    const bytes = tfliteBytes({
      ...model,
      tensors: [
        { ...model.tensors[0]!, scales: Array<number>(100_000).fill(1) },
        ...Array.from({ length: 199 }, (_, i) => ({
          ...model.tensors[0]!,
          name: `t${i}`,
          scales: undefined!,
        })),
      ],
      operators: [],
      inputs: ['x'],
      outputs: ['x'],
    })
    const root = bytes.readUInt32LE(0)
    const field = (at: number, id: number) => {
      const vtable = at - bytes.readInt32LE(at)
      const place = at + bytes.readUInt16LE(vtable + 4 + 2 * id)
      return place + bytes.readUInt32LE(place)
    }
    const subgraphs = field(root, 2)
    const subgraph = subgraphs + 4 + bytes.readUInt32LE(subgraphs + 4)
    const tensors = field(subgraph, 0)
    const first = tensors + 4 + bytes.readUInt32LE(tensors + 4)
    for (let i = 1; i < 200; i++) bytes.writeUInt32LE(first - (tensors + 4 + 4 * i), tensors + 4 + 4 * i)
    await expect(readTflite(write(bytes))).rejects.toThrow(
      /expected a description of at most 67108864 bytes, found more/,
    )
  })

  it('every truncation', async () => {
    const bytes = tfliteBytes(model)
    for (let length = 0; length < bytes.length; length += 3) {
      const read = readTflite(write(bytes.subarray(0, length)))
      await expect(read).rejects.toBeInstanceOf(FormatError)
    }
  })
})

it('never trusts a damaged file', async () => {
  const bytes = tfliteBytes(withTensor(convolutionModel('int8'), 'x', { signature: [-1, 4, 4, 2] }))
  const edit = fc.tuple(
    fc.nat(bytes.length - 1),
    fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
  )
  const edits = fc.array(edit, { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(edits, async (changes) => {
      const copy = Buffer.from(bytes)
      for (const [at, value] of changes) copy[at] = value
      try {
        const { tensors } = await readTflite(write(copy))
        for (const { data } of tensors) {
          if (data) expect(data.offset + data.length).toBeLessThanOrEqual(copy.length)
        }
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError)
        expect((error as Error).message).not.toContain('\n')
      }
    }),
    { numRuns: 400, seed: 20261122 },
  )
})

it('writes what it reads: empty vectors are no vectors', async () => {
  const { tensors } = await read(withTensor(convolutionModel(), 'y', { extra: { 0: vector('i32', []) } }))
  expect(tensors[3]!.shape).toEqual([])
})
