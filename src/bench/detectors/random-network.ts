import { GraphBuilder } from '../../graph/builder.js'
import { elements, noPadding, samePadding2d, sameTransposePadding } from '../../graph/geometry.js'
import type { Graph, Tensor } from '../../graph/graph.js'
import type { Activation, Operation, Padding2d, Pair } from '../../graph/operation.js'
import { randomNumbers } from '../random.js'

export interface LayerOptions {
  readonly kernel?: number
  readonly stride?: number
  readonly activation?: Activation
  /** Default TensorFlow's SAME. */
  readonly pad?: Padding2d
  /** Default true. */
  readonly bias?: boolean
}

/**
 * Networks with random weights, a line a layer, that .tflite converters would write: batch norm is in the weights. Weights
 * have a variance that keeps activations near 1 (He et al. 2015), so that no precision overflows.
 */
export class RandomNetwork {
  readonly image: Tensor
  readonly #builder: GraphBuilder
  readonly #next = randomNumbers(1)
  #count = 0

  constructor(name: string, height: number, width: number) {
    this.#builder = new GraphBuilder(name)
    this.image = this.#builder.input('image', { dtype: 'f32', shape: [1, height, width, 3] })
  }

  conv(x: Tensor, outputs: number, options: LayerOptions = {}): Tensor {
    const { kernel = 1, stride = 1, activation = 'none' } = options
    const inputs = x.shape[3]!
    const operation: Operation = {
      op: 'conv2d',
      arithmetic: 'float',
      layout: 'ohwi',
      stride: [stride, stride],
      dilation: [1, 1],
      pad: options.pad ?? this.#same(x, kernel, stride),
      activation,
    }
    return this.#layer(
      `conv${kernel}x${kernel}`,
      operation,
      x,
      [outputs, kernel, kernel, inputs],
      outputs,
      options,
    )
  }

  depthwise(x: Tensor, options: LayerOptions = {}): Tensor {
    const { kernel = 3, stride = 1, activation = 'none' } = options
    const channels = x.shape[3]!
    const operation: Operation = {
      op: 'depthwise_conv2d',
      arithmetic: 'float',
      multiplier: 1,
      stride: [stride, stride],
      dilation: [1, 1],
      pad: options.pad ?? this.#same(x, kernel, stride),
      activation,
    }
    return this.#layer(
      `depthwise${kernel}x${kernel}`,
      operation,
      x,
      [1, kernel, kernel, channels],
      channels,
      options,
    )
  }

  /** Twice as high and wide. */
  transpose(x: Tensor, outputs: number, { kernel = 3, activation = 'none' }: LayerOptions = {}): Tensor {
    const [, height, width, inputs] = x.shape as readonly [number, number, number, number]
    const size: Pair = [2 * height, 2 * width]
    const operation: Operation = {
      op: 'transpose_conv2d',
      arithmetic: 'float',
      layout: 'ohwi',
      stride: [2, 2],
      pad: sameTransposePadding([height, width], size, [kernel, kernel], [2, 2]),
      size,
      activation,
    }
    return this.#layer(
      `transpose${kernel}x${kernel}`,
      operation,
      x,
      [outputs, kernel, kernel, inputs],
      outputs,
      {},
    )
  }

  maxPool(x: Tensor, window: number, stride: number): Tensor {
    const pair = (size: number): Pair => [size, size]
    return this.node(
      { op: 'max_pool2d', window: pair(window), stride: pair(stride), pad: noPadding, activation: 'none' },
      x,
    )
  }

  /** Zeros around the image. */
  pad(x: Tensor, cells: number): Tensor {
    return this.node({ op: 'pad', before: [0, cells, cells, 0], after: [0, cells, cells, 0], value: 0 }, x)
  }

  add(a: Tensor, b: Tensor): Tensor {
    return this.node({ op: 'add', activation: 'none' }, a, b)
  }

  mul(a: Tensor, b: Tensor): Tensor {
    return this.node({ op: 'mul', activation: 'none' }, a, b)
  }

  /** x * scale + shift and relu: a batch norm that no layer is in front of. */
  normalize(x: Tensor, scale: number): Tensor {
    const channels = x.shape[3]!
    const scales = this.#constant('scale', [channels], scale / Math.sqrt(3), scale)
    const scaled = this.node({ op: 'mul', activation: 'none' }, x, scales)
    const shifts = this.#constant('shift', [channels], 0.1)
    return this.node({ op: 'add', activation: 'relu' }, scaled, shifts)
  }

  hardSwish(x: Tensor): Tensor {
    return this.node({ op: 'hard_swish', sixth: Math.fround(1 / 6) }, x)
  }

  /** Mean over the image, two 1x1 layers, and the product with what comes out: squeeze-and-excite. */
  excite(x: Tensor, squeezed: number, gate: Operation): Tensor {
    const mean = this.node({ op: 'mean', axes: [1, 2], keepDims: true }, x)
    const hidden = this.conv(mean, squeezed, { activation: 'relu' })
    return this.mul(x, this.node(gate, this.conv(hidden, x.shape[3]!)))
  }

  concat(axis: number, ...parts: Tensor[]): Tensor {
    return this.node({ op: 'concat', axis, activation: 'none' }, ...parts)
  }

  node(operation: Operation, ...inputs: Tensor[]): Tensor {
    const name = `${operation.op}_${this.#count++}`
    return this.#builder.node(name, operation.op, operation, inputs, [{ name }])[0]!
  }

  /** @param outputs by the name that the decoder knows them by */
  build(outputs: Readonly<Record<string, Tensor>>): Graph {
    return this.#builder.build(Object.values(outputs), Object.keys(outputs))
  }

  #same(x: Tensor, kernel: number, stride: number): Padding2d {
    return samePadding2d([x.shape[1]!, x.shape[2]!], [kernel, kernel], [stride, stride], [1, 1])
  }

  #layer(
    kind: string,
    operation: Operation,
    x: Tensor,
    weights: readonly number[],
    outputs: number,
    { bias = true }: LayerOptions,
  ): Tensor {
    const name = `${kind}_${this.#count++}`
    const fanIn = elements(weights) / outputs
    const inputs = [x, this.#constant(`${name}/weights`, weights, Math.sqrt(2 / fanIn))]
    if (bias) inputs.push(this.#constant(`${name}/bias`, [outputs], 0.1))
    return this.#builder.node(name, kind, operation, inputs, [{ name }])[0]!
  }

  /** Uniform around `mean`. */
  #constant(name: string, shape: readonly number[], deviation: number, mean = 0): Tensor {
    const values = new Float32Array(elements(shape))
    const width = 2 * Math.sqrt(3) * deviation
    for (let i = 0; i < values.length; i++) values[i] = mean + width * (this.#next() - 0.5)
    return this.#builder.constant(name, { dtype: 'f32', shape }, { kind: 'values', values })
  }
}
