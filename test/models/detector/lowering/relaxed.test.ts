// Relaxed programs: what is fused into a node of codes is rounded once.
import { describe, expect, it } from 'vitest'
import type { Graph, Tensor, Values } from '../../../../src/graph/graph.js'
import type { Operation } from '../../../../src/graph/operation.js'
import { optimize } from '../../../../src/graph/optimize.js'
import { lower } from '../../../../src/models/detector/lowering/lower.js'
import { addon } from '../../../../src/native/addon.js'
import { run } from '../../../graph/oracle/run.js'
import { add, conv, depthwise, mul } from '../../../graph/small.js'
import { uniform } from '../../../native/kernels/random.js'
import { expectOracle, runGraph, someValues } from './against-oracle.js'
import { TypedGraph } from './networks.js'

const channels = 24

/**
 * Layers of codes, and chains that are fused into them or into elementwise nodes. Ranges are such that nothing is cut, and
 * the results' steps such that what is rounded on the way does not add up to one.
 */
class Chains extends TypedGraph {
  readonly #random: () => number

  constructor(seed: number) {
    super()
    this.#random = uniform(seed)
  }

  image(): Tensor {
    return this.typed('i8', [1, 9, 11, channels], this.#about(0.02), this.#zero())
  }

  /** On the way. */
  inner(operation: Operation, ...inputs: Tensor[]): Tensor {
    return this.node(operation, inputs, this.#about(0.035), this.#zero())
  }

  last(operation: Operation, ...inputs: Tensor[]): Tensor {
    return this.node(operation, inputs, this.#about(0.09), this.#zero())
  }

  layer(x: Tensor, kind: 'conv2d' | 'depthwise_conv2d'): Tensor {
    const one = kind === 'conv2d'
    const size = one ? [channels, 1, 1, channels] : [1, 3, 3, channels]
    const values = Int8Array.from({ length: size.reduce((a, b) => a * b) }, () => 60 * this.#random() - 30)
    const quantization = { scales: Float32Array.of(0.004), zeroPoints: Int32Array.of(0) }
    const weights = this.builder.constant(
      'weights',
      { dtype: 'i8', shape: size, quantization },
      { kind: 'values', values },
    )
    const pad = { top: 1, left: 1, bottom: 1, right: 1 }
    const operation = one ? { ...conv, arithmetic: 'integer' } : { ...depthwise, arithmetic: 'integer', pad }
    return this.inner(operation as Operation, x, weights)
  }

  constant(shape: readonly number[]): Tensor {
    return this.codes(shape, 0.01, 5)
  }

  #about(scale: number): number {
    return Math.fround(scale * (0.9 + 0.2 * this.#random()))
  }

  #zero(): number {
    return Math.round(20 * this.#random() - 10)
  }
}

const hardSwish = { op: 'hard_swish', sixth: Math.fround(1 / 6) } as const
const hardSigmoid = { op: 'hard_sigmoid', sixth: Math.fround(1 / 6) } as const
const sub = { op: 'sub', activation: 'none' } as const

const chains: Readonly<Record<string, (g: Chains) => Tensor>> = {
  'a residual sum': (g) => {
    const x = g.image()
    return g.last({ ...add, activation: 'relu' }, x, g.layer(x, 'conv2d'))
  },
  'a difference from the layer': (g) => {
    const x = g.image()
    return g.last(sub, g.layer(x, 'conv2d'), x)
  },
  'a difference from an image': (g) => {
    const x = g.image()
    return g.last(sub, x, g.layer(x, 'conv2d'))
  },
  'a pre-activation behind a shortcut': (g) => {
    const x = g.image()
    const sum = g.inner(add, x, g.layer(x, 'conv2d'))
    const scaled = g.inner(mul, sum, g.constant([channels]))
    return g.last({ ...add, activation: 'relu' }, scaled, g.constant([channels]))
  },
  'hard-swish and a product': (g) => {
    const x = g.image()
    const gate = g.node(hardSigmoid, [g.layer(x, 'depthwise_conv2d')], 1 / 200, -110)
    return g.last(mul, gate, x)
  },
  'hard-swish of a depthwise layer': (g) => g.last(hardSwish, g.layer(g.image(), 'depthwise_conv2d')),
  'a pre-activation of its own': (g) => {
    const scaled = g.inner(mul, g.image(), g.constant([channels]))
    return g.last({ ...add, activation: 'relu6' }, scaled, g.constant([1, 1, 1, channels]))
  },
  'an image a batch': (g) => {
    const x = g.image()
    const column = g.builder.input('column', g.typed('i8', [1, 9, 1, 1], 0.01, 2))
    return g.last(add, g.inner(mul, g.layer(x, 'conv2d'), column), g.constant([]))
  },
}

function differences(a: Values, b: Values): number[] {
  return Array.from(a, (value, i) => Math.abs(value - b[i]!))
}

function realChains(graph: Graph): number {
  const { steps } = lower(optimize(graph), { relaxed: true }).program
  return steps.filter(({ fused }) => fused?.at(-1)?.op === 'quantize').length
}

describe.each(Object.entries(chains))('%s', (_, make) => {
  it('is within one step of the exact result, and not always that', async () => {
    let differing = 0
    for (let seed = 1; seed <= 8; seed++) {
      const g = new Chains(seed)
      const graph = g.build(make(g))
      expect(realChains(graph)).toBe(1)
      const inputs = graph.inputs.map((input, k) => someValues(input, seed + k))
      const [exact] = run(graph, inputs)
      const [found] = await runGraph(graph, inputs, { relaxed: true })
      const steps = differences(found!, exact!)
      expect(Math.max(...steps)).toBeLessThanOrEqual(1)
      differing += steps.filter((step) => step > 0).length
      // Not a comparison of bounds.
      expect(new Set(exact).size).toBeGreaterThan(5)
    }
    expect(differing).toBeGreaterThan(0)
  })

  it('has the same bits everywhere, with any number of threads', async () => {
    const g = new Chains(3)
    const graph = g.build(make(g))
    const wanted = await runGraph(graph, undefined, { relaxed: true, isa: 'reference' })
    for (const { name, usable } of addon().environment().isas) {
      if (!usable) continue
      for (const threads of [1, 3]) {
        expect(await runGraph(graph, undefined, { relaxed: true, isa: name, threads })).toEqual(wanted)
      }
    }
  })

  it('keeps every rounding unless it is asked not to', async () => {
    const g = new Chains(5)
    await expectOracle(g.build(make(g)))
  })
})

it('rounds nearer to the real numbers than one tensor after the other', async () => {
  const errors = [0, 0]
  for (let seed = 1; seed <= 4; seed++) {
    const g = new Chains(seed)
    const x = g.image()
    const sum = g.last(add, x, g.layer(x, 'conv2d'))
    const { scales, zeroPoints } = sum.quantization!
    const graph = g.build(sum)
    const weights = graph.nodes[0]!.inputs[1]!
    const [xs, ws] = [x.quantization!, weights.quantization!]
    const inputs = graph.inputs.map((input) => someValues(input, seed))
    const [image] = inputs as [Int8Array]
    const codes = (weights.constant as { values: Int8Array }).values
    const real = Array.from(image, (code, i) => {
      const [pixel, o] = [Math.floor(i / channels), i % channels]
      let acc = 0
      for (let c = 0; c < channels; c++) {
        acc += (image[pixel * channels + c]! - xs.zeroPoints[0]!) * codes[o * channels + c]!
      }
      return xs.scales[0]! * (ws.scales[0]! * acc + (code - xs.zeroPoints[0]!))
    })
    for (const relaxed of [false, true]) {
      const [found] = await runGraph(graph, inputs, { relaxed })
      real.forEach((value, i) => {
        const inside = Math.abs(found![i]!) < 127
        const error = value / scales[0]! + zeroPoints[0]! - found![i]!
        if (inside) errors[Number(relaxed)]! += error * error
      })
    }
  }
  expect(errors[1]!).toBeLessThan(0.9 * errors[0]!)
})

describe('changes nothing', () => {
  const same = (graph: Graph) => {
    expect(lower(optimize(graph), { relaxed: true }).program).toEqual(lower(optimize(graph)).program)
  }

  it('of float networks', () => {
    const g = new TypedGraph()
    const x = g.input(1, 5, 5, 8)
    same(g.build(g.node(add, [x, g.node(conv, [x, g.numbers([8, 1, 1, 8])])])))
  })

  it('of dynamically quantized ones', () => {
    const g = new TypedGraph()
    const x = g.input(1, 5, 5, 8)
    const y = g.node({ ...conv, arithmetic: 'dynamic' }, [x, g.weights('i8', [8, 1, 1, 8], 0)])
    same(g.build(g.node(add, [x, y])))
  })

  it('of nodes that have nothing fused into them, and of resizes', () => {
    const g = new Chains(1)
    const x = g.image()
    const small = g.node(
      { op: 'resize_nearest', size: [18, 22], sampling: 'legacy' },
      [x],
      x.quantization!.scales[0],
      x.quantization!.zeroPoints[0],
    )
    same(g.build(g.layer(x, 'conv2d'), g.last(add, x, x), g.last({ op: 'relu' }, small)))
  })
})
