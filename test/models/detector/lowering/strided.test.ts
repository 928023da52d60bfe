// Pools of one pixel, and slices with strides: what reads them, reads them in the image.
import { describe, expect, it } from 'vitest'
import { noPadding } from '../../../../src/graph/geometry.js'
import type { Graph, Tensor } from '../../../../src/graph/graph.js'
import type { Arithmetic, Operation, Slice } from '../../../../src/graph/operation.js'
import { optimize } from '../../../../src/graph/optimize.js'
import { lower } from '../../../../src/models/detector/lowering/lower.js'
import { add, conv } from '../../../graph/small.js'
import { expectOracle } from './against-oracle.js'
import { TypedGraph } from './networks.js'

const shape = [2, 7, 10, 16] as const
const scale = 0.02

const pool = (op: 'max_pool2d' | 'average_pool2d'): Operation => {
  return { op, window: [1, 1], stride: [2, 3], pad: noPadding, activation: 'none' }
}
const slice: Slice = { op: 'slice', begin: [0, 0, 0, 0], size: [2, 4, 4, 16], stride: [1, 2, 3, 1] }
const takes: readonly Operation[] = [pool('max_pool2d'), pool('average_pool2d'), slice]

/** The steps that copy pixels. */
function copies(graph: Graph): string[] {
  const { steps } = lower(optimize(graph)).program
  return steps.flatMap(({ op }) => (['max_pool2d', 'average_pool2d', 'move'].includes(op) ? op : []))
}

/** An image, float32 or codes, and layers over it. */
class Images extends TypedGraph {
  constructor(readonly arithmetic: Arithmetic) {
    super()
  }

  get quantized(): boolean {
    return this.arithmetic === 'integer'
  }

  image(): Tensor {
    return this.quantized ? this.typed('i8', shape, scale, 3) : this.input(...shape)
  }

  of(operation: Operation, inputs: readonly Tensor[], zero = 3): Tensor {
    return this.node(operation, inputs, this.quantized ? scale : undefined, zero)
  }

  layer(x: Tensor, window = 1, stride: readonly [number, number] = [1, 1]): Tensor {
    const size = [16, window, window, 16]
    const weights = this.arithmetic === 'float' ? this.numbers(size) : this.weights('i8', size, 0)
    return this.of({ ...conv, arithmetic: this.arithmetic, stride }, [x, weights], 9)
  }
}

const arithmetics = ['float', 'dynamic', 'integer'] as const

describe.each(arithmetics)('%s', (arithmetic) => {
  describe.each(takes)('$op', (take) => {
    it('is no step as the operand of a residual sum', async () => {
      const g = new Images(arithmetic)
      const x = g.image()
      const sum = g.of({ ...add, activation: 'relu' }, [g.of(take, [x]), g.layer(x, 1, [2, 3])])
      const graph = g.build(sum)
      expect(copies(graph)).toEqual([])
      for (const isa of [undefined, 'reference'] as const)
        await expectOracle(optimize(graph), arithmetic === 'integer' ? 0 : 2e-6, { isa, threads: 2 })
    })

    it('is no step before a pointwise layer, unless that scales each pixel by itself', async () => {
      const g = new Images(arithmetic)
      const graph = g.build(g.layer(g.of(take, [g.image()]), 1, [2, 1]), g.layer(g.of(take, [g.image()])))
      expect(copies(graph).length).toBe(arithmetic === 'dynamic' ? 2 : 0)
      await expectOracle(optimize(graph))
    })

    it('is made once where something else reads it too', async () => {
      const g = new Images(arithmetic)
      const x = g.image()
      const taken = g.of(take, [x])
      const sum = g.of(add, [taken, g.layer(x, 1, [2, 3])])
      const graph = g.build(sum, g.layer(taken, 3), taken)
      expect(copies(graph).length).toBe(1)
      await expectOracle(optimize(graph))
    })
  })
})

describe('is a step', () => {
  const asOperand = (take: Operation, zero = 3) => {
    const g = new Images('integer')
    const x = g.image()
    return g.build(g.of(add, [g.of(take, [x], zero), g.layer(x, 1, [2, 3])]))
  }

  it.each<[string, Operation, number?]>([
    ['with an activation', { ...pool('max_pool2d'), activation: 'relu' } as Operation],
    ['to another zero point', pool('average_pool2d'), 4],
  ])('a pool %s', async (_, take, zero) => {
    expect(copies(asOperand(take, zero))).toEqual([take.op])
    await expectOracle(optimize(asOperand(take, zero)))
  })

  it('a slice from the second row on', async () => {
    const g = new Images('float')
    const later: Operation = { ...slice, begin: [0, 1, 0, 0], size: [2, 3, 4, 16] }
    const graph = g.build(g.layer(g.of(later, [g.image()])))
    expect(copies(graph)).toEqual(['move'])
    await expectOracle(optimize(graph))
  })

  it('a pool that is written into a concatenation', async () => {
    const g = new Images('float')
    const x = g.image()
    const graph = g.build(
      g.of({ op: 'concat', axis: 3, activation: 'none' }, [
        g.of(pool('max_pool2d'), [x]),
        g.layer(x, 1, [2, 3]),
      ]),
    )
    expect(copies(graph)).toEqual(['max_pool2d'])
    await expectOracle(optimize(graph))
  })
})
