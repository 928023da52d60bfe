import { describe, expect, it } from 'vitest'
import { openTfliteGraph } from '../../../src/graph/tflite/convert.js'
import { scalar } from '../../formats/tflite/flatbuffer-writer.js'
import {
  convolutionModel,
  f32,
  i32,
  tfliteBytes,
  type WrittenModel,
  type WrittenTensor,
  withTensor,
} from '../../formats/tflite/writer.js'
import { temporaryDirectory, writeInto } from '../../temporary.js'
import { run } from '../oracle/run.js'

const directory = temporaryDirectory()
const open = (model: WrittenModel) => openTfliteGraph(writeInto(directory, 'x.tflite', tfliteBytes(model)))

/** A model of one operator, x and constants in, y out. */
function oneOperator(
  code: number,
  x: Omit<WrittenTensor, 'name'>,
  constants: readonly WrittenTensor[],
  y: Omit<WrittenTensor, 'name'>,
  options?: readonly [number, Record<number, ReturnType<typeof scalar>>],
): WrittenModel {
  return {
    tensors: [{ name: 'x', ...x }, ...constants, { name: 'y', ...y }],
    operators: [
      {
        code,
        inputs: ['x', ...constants.map(({ name }) => name)],
        outputs: ['y'],
        ...(options && { options }),
      },
    ],
    inputs: ['x'],
    outputs: ['y'],
  }
}

describe('a convolution', () => {
  it('gets explicit pads, its layout and its arithmetic', async () => {
    const { nodes, inputs, outputs, outputNames } = await open(convolutionModel('int8'))
    expect(inputs.map(({ name, dtype }) => [name, dtype])).toEqual([['x', 'i8']])
    expect([outputNames, outputs[0]!.shape]).toEqual([['y'], [1, 4, 4, 3]])
    expect(nodes.map(({ name, operation }) => [name, operation])).toEqual([
      [
        'y',
        {
          op: 'conv2d',
          arithmetic: 'integer',
          layout: 'ohwi',
          stride: [1, 1],
          dilation: [1, 1],
          pad: { top: 1, left: 1, bottom: 1, right: 1 },
          activation: 'relu',
        },
      ],
    ])
    expect(nodes[0]!.inputs[1]!.quantization).toMatchObject({ axis: 0 })
  })

  it('pads at the end first where SAME is odd', async () => {
    const model = convolutionModel()
    const strided: WrittenModel = {
      ...withTensor(model, 'y', { shape: [1, 2, 2, 3] }),
      operators: [{ ...model.operators[0]!, options: [1, { 1: scalar('i32', 2), 2: scalar('i32', 2) }] }],
    }
    const { nodes } = await open(strided)
    expect(nodes[0]!.operation).toMatchObject({ pad: { top: 0, left: 0, bottom: 1, right: 1 } })
  })
})

it('computes shapes that the file computes from constants', async () => {
  // RESHAPE to what PACK makes of two constants.
  const model: WrittenModel = {
    tensors: [
      { name: 'x', shape: [2, 3] },
      { name: 'a', shape: [], type: 2, data: i32([3]) },
      { name: 'b', shape: [], type: 2, data: i32([-1]) },
      { name: 'shape', shape: [2], type: 2 },
      { name: 'y', shape: [3, 2] },
    ],
    operators: [
      { code: 83, inputs: ['a', 'b'], outputs: ['shape'], options: [59, { 0: scalar('i32', 2) }] },
      { code: 22, inputs: ['x', 'shape'], outputs: ['y'] },
    ],
    inputs: ['x'],
    outputs: ['y'],
  }
  const graph = await open(model)
  expect([...run(graph, [Float32Array.of(1, 2, 3, 4, 5, 6)])[0]!]).toEqual([1, 2, 3, 4, 5, 6])
  expect(graph.nodes[1]!.operation).toEqual({ op: 'reshape', shape: [3, 2] })
})

describe('refuses', () => {
  const model = convolutionModel('int8')
  const twice = (changes: Partial<WrittenModel>): WrittenModel => ({
    ...convolutionModel(),
    tensors: [...convolutionModel().tensors, { name: 'z', shape: [1, 4, 4, 3] }],
    outputs: ['z'],
    ...changes,
  })
  const relu = (from: string, to: string) => ({ code: 19, inputs: [from], outputs: [to] })
  const convolution = convolutionModel().operators[0]!
  it.each<[string, WrittenModel, RegExp]>([
    [
      'operators in an order in which they cannot run',
      twice({ operators: [relu('y', 'z'), convolution] }),
      /tensor "y" \(F32\[1,4,4,3\]\): expected operators in the order in which they run, without cycles; operator 0 \(RELU\) reads this before any makes it/,
    ],
    [
      'a cycle',
      twice({ operators: [{ ...relu('y', 'z'), inputs: ['z'] }, convolution] }),
      /tensor "z" .*without cycles; operator 0 \(RELU\)/,
    ],
    [
      'a tensor that two operators make',
      twice({ operators: [convolution, relu('x', 'y'), relu('y', 'z')] }),
      /node "y" \(RELU f32\[1,4,4,2\]\): expected an output f32\[1,4,4,2\], found f32\[1,4,4,3\]/,
    ],
    [
      'a constant that an operator makes',
      twice({ operators: [convolution, relu('y', 'z'), relu('y', 'bias')] }),
      /node "bias" \(RELU f32\[1,4,4,3\]\): expected an output/,
    ],
    [
      'shapes that disagree',
      withTensor(model, 'y', { shape: [1, 4, 5, 3] }),
      /node "y" \(CONV_2D i8\[1,4,4,2\] i8\[3,3,3,2\] i32\[3\]\): expected an output i8\[1,4,4,3\], found i8\[1,4,5,3\]/,
    ],
    [
      'weights for other channels',
      withTensor(model, 'x', { shape: [1, 4, 4, 5] }),
      /node "y" \(CONV_2D .*\): expected weights for 5 input channels, found weights for 2/,
    ],
    [
      'scales of another number than channels',
      withTensor(model, 'weights', { scales: [1, 2] }),
      /tensor "weights": expected 3 scales and as many zero points, found 2 and 2 for i8\[3,3,3,2\]/,
    ],
    [
      'zero points of another number than scales',
      withTensor(model, 'weights', { zeroPoints: [0] }),
      /tensor "weights": expected 3 scales and as many zero points, found 3 and 1/,
    ],
    [
      'a scale of zero',
      withTensor(model, 'weights', { scales: [1, 0, 1] }),
      /tensor "weights": expected finite scales above 0, found scale 1 to be 0/,
    ],
    [
      'a scale that is no number',
      withTensor(model, 'y', { scales: [Number.NaN] }),
      /tensor "y": expected finite scales above 0, found scale 0 to be NaN/,
    ],
    [
      'a zero point that is no code',
      withTensor(model, 'y', { zeroPoints: [200] }),
      /tensor "y": expected zero points of -128 to 127, found 200/,
    ],
    [
      'scales along another axis than the output channels',
      withTensor(model, 'weights', { axis: 1 }),
      /node "y" .*expected scales along the weights' axis 0, the output channels, found axis 1/,
    ],
    [
      'a dynamic batch',
      withTensor(model, 'x', { signature: [-1, 4, 4, 2] }),
      /tensor "x" \(I8\[1,4,4,2\]\): expected fixed sizes, found \[-1,4,4,2\]: convert the model with a fixed batch/,
    ],
    [
      'an operator that it does not know',
      { ...model, operators: [{ ...model.operators[0]!, code: 119, options: [92, {}] }] },
      /node "y" \(WHILE i8\[1,4,4,2\] i8\[3,3,3,2\] i32\[3\]\): expected an operator that qnative runs/,
    ],
    [
      'a custom operator',
      { ...model, operators: [{ ...model.operators[0]!, code: 32, custom: 'FlexGatherV2' }] },
      /node "y" \(FlexGatherV2 .*found a custom operator that it does not/,
    ],
    [
      'a type without numbers',
      withTensor(model, 'x', { type: 5 }),
      /tensor "x" .*expected a type of F32, .*found STRING/,
    ],
    [
      'an operator without its inputs',
      oneOperator(34, { shape: [4, 2], type: 2 }, [], { shape: [4, 2], type: 2 }),
      /node "y" \(PAD i32\[4,2\]\): expected an input 1, found 1 inputs/,
    ],
    [
      'an index that is not there',
      {
        ...oneOperator(36, { shape: [2] }, [{ name: 'indices', shape: [1], type: 2, data: i32([7]) }], {
          shape: [1],
        }),
        ...{
          tensors: [
            { name: 'x', shape: [2], data: f32([1, 2]) },
            { name: 'indices', shape: [1], type: 2, data: i32([7]) },
            { name: 'y', shape: [1] },
          ],
          inputs: [],
        },
      },
      /node "y" \(GATHER f32\[2\] i32\[1\]\): expected an index of 0 to 1, found 7/,
    ],
    [
      'more than memory holds',
      oneOperator(
        69,
        { shape: [2] },
        [{ name: 'multiples', shape: [1], type: 2, data: i32([2 ** 31 - 1]) }],
        { shape: [2] },
      ),
      /node "y" \(TILE .*\): expected an output of 1 to 2\^31 - 1 elements, found \[4294967294\]/,
    ],
  ])('%s', async (_, broken, message) => {
    await expect(open(broken)).rejects.toThrow(message)
  })
})
