import type { Arithmetic2, Binary, Convert, Reduce, Unary } from '../operation.js'
import { ShapeError } from '../shape-error.js'
import { batchNorm, convolution, depthwise, matMul, pooled, resized, transposed } from './layers.js'
import {
  broadcastTo,
  concat,
  expandDims,
  fill,
  gather,
  pack,
  pad,
  reshape,
  shapeOf,
  slice,
  split,
  squeeze,
  stridedSlice,
  tile,
  transpose,
  unpack,
} from './movement.js'
import type { Conversion } from './node.js'

const arithmetics: readonly [string, Arithmetic2['op']][] = [
  ['Add', 'add'],
  ['AddV2', 'add'],
  ['BiasAdd', 'add'],
  ['Sub', 'sub'],
  ['Mul', 'mul'],
  ['RealDiv', 'div'],
  ['Div', 'div'],
]

const binaries: readonly [string, Binary['op']][] = [
  ['Maximum', 'maximum'],
  ['Minimum', 'minimum'],
  ['FloorDiv', 'floor_div'],
  ['FloorMod', 'floor_mod'],
  ['SquaredDifference', 'squared_difference'],
  ['Pow', 'pow'],
  ['Equal', 'equal'],
  ['NotEqual', 'not_equal'],
  ['Less', 'less'],
  ['LessEqual', 'less_equal'],
  ['Greater', 'greater'],
  ['GreaterEqual', 'greater_equal'],
  ['LogicalAnd', 'logical_and'],
  ['LogicalOr', 'logical_or'],
]

const unaries: readonly [string, Unary['op']][] = [
  ['Relu', 'relu'],
  ['Relu6', 'relu6'],
  ['Sigmoid', 'sigmoid'],
  ['Tanh', 'tanh'],
  ['Exp', 'exp'],
  ['Log', 'log'],
  ['Abs', 'abs'],
  ['Neg', 'neg'],
  ['Sqrt', 'sqrt'],
  ['Rsqrt', 'rsqrt'],
  ['Square', 'square'],
  ['Floor', 'floor'],
  ['Ceil', 'ceil'],
  ['Round', 'round'],
  ['LogicalNot', 'logical_not'],
]

const reductions: readonly [string, Reduce['op']][] = [
  ['Mean', 'mean'],
  ['Sum', 'sum'],
  ['Max', 'reduce_max'],
  ['Min', 'reduce_min'],
]

const castTypes: ReadonlyMap<string, Convert['to']> = new Map([
  ['DT_FLOAT', 'f32'],
  ['DT_INT32', 'i32'],
  ['DT_BOOL', 'bool'],
] as const)

const cast: Conversion = (node) => {
  const type = node.attributes.type('DstT', '')
  const to = castTypes.get(type)
  if (!to) throw new ShapeError('a cast to float, int32 or bool', type)
  return node.input(0).dtype === to ? [node.input(0)] : node.add({ op: 'cast', to }, [node.input(0)])
}

function reduced(op: Reduce['op']): Conversion {
  return (node) => {
    const x = node.input(0)
    const given = node.integers(1, 'the axes').map((axis) => node.axis(axis, x.shape.length))
    const axes = [...new Set(given)].sort((a, b) => a - b)
    return node.add({ op, axes, keepDims: node.attributes.boolean('keep_dims', false) }, [x])
  }
}

/** Every operator of a TensorFlow.js graph model that qnative runs, besides Placeholder and Const. */
export const operators: ReadonlyMap<string, Conversion> = new Map<string, Conversion>([
  ['Conv2D', convolution],
  ['_FusedConv2D', convolution],
  ['DepthwiseConv2dNative', depthwise],
  ['FusedDepthwiseConv2dNative', depthwise],
  ['Conv2DBackpropInput', transposed],
  ['MatMul', matMul],
  ['_FusedMatMul', matMul],
  ['FusedBatchNorm', batchNorm],
  ['FusedBatchNormV2', batchNorm],
  ['FusedBatchNormV3', batchNorm],
  ['MaxPool', pooled('max_pool2d')],
  ['AvgPool', pooled('average_pool2d')],
  ['ResizeBilinear', resized('resize_bilinear')],
  ['ResizeNearestNeighbor', resized('resize_nearest')],
  ...reductions.map(([name, op]): [string, Conversion] => [name, reduced(op)]),
  ...arithmetics.map(([name, op]): [string, Conversion] => [
    name,
    (node) => node.add({ op, activation: 'none' }, node.allInputs),
  ]),
  ...binaries.map(([name, op]): [string, Conversion] => [
    name,
    (node) => node.add({ op } as Binary, node.allInputs),
  ]),
  ...unaries.map(([name, op]): [string, Conversion] => [name, (node) => node.add({ op }, node.allInputs)]),
  [
    'LeakyRelu',
    (node) => node.add({ op: 'leaky_relu', alpha: node.attributes.number('alpha', 0.2) }, node.allInputs),
  ],
  ['Softmax', (node) => node.add({ op: 'softmax', beta: 1 }, node.allInputs)],
  ['Identity', (node) => [node.input(0)]],
  ['StopGradient', (node) => [node.input(0)]],
  ['Cast', cast],
  ['Reshape', reshape],
  ['Squeeze', squeeze],
  ['ExpandDims', expandDims],
  ['Transpose', transpose],
  ['ConcatV2', concat],
  ['Pack', pack],
  ['Unpack', unpack],
  ['Split', split],
  ['Slice', slice],
  ['StridedSlice', stridedSlice],
  ['Pad', pad],
  ['PadV2', pad],
  ['Tile', tile],
  ['Fill', fill],
  ['BroadcastTo', broadcastTo],
  ['Shape', shapeOf],
  ['GatherV2', gather],
  ['GatherNd', (node) => node.add({ op: 'gather_nd' }, node.allInputs)],
  ['TopKV2', (node) => node.add({ op: 'top_k', k: node.integer(1, 'k') }, [node.input(0)])],
  ['Select', (node) => node.add({ op: 'select' }, node.allInputs)],
  ['SelectV2', (node) => node.add({ op: 'select' }, node.allInputs)],
  [
    'ArgMax',
    (node) => {
      const x = node.input(0)
      return node.add(
        { op: 'arg_max', axis: node.axis(node.integer(1, 'axis'), x.shape.length), to: 'i32' },
        [x],
      )
    },
  ],
])
