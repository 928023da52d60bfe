import { expect } from 'vitest'
import { GraphBuilder } from '../../src/graph/builder.js'
import { noPadding } from '../../src/graph/geometry.js'
import type { Graph, Tensor } from '../../src/graph/graph.js'
import type { Conv2d, DepthwiseConv2d, Operation } from '../../src/graph/operation.js'
import { perTensor } from '../../src/graph/quantization.js'
import { validateGraph } from '../../src/graph/validate.js'
import { newValues } from '../../src/graph/values.js'
import { run } from './oracle/run.js'

/** Builds small graphs for the tests of passes: one line a node. */
export class SmallGraph {
  readonly builder = new GraphBuilder('small')
  #count = 0

  input(...shape: number[]): Tensor {
    return this.builder.input('x', { dtype: 'f32', shape })
  }

  numbers(shape: readonly number[], seed = 1): Tensor {
    const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed + 3 * i))
    return this.builder.numbers('constant', 'f32', shape, values)
  }

  scalar(value: number): Tensor {
    return this.builder.numbers('scalar', 'f32', [], [value])
  }

  /** Integer weights, or any constant with a scale. */
  codes(shape: readonly number[], scale: number, zeroPoint = 0): Tensor {
    const values = newValues(
      'i8',
      shape.reduce((a, b) => a * b, 1),
    )
    for (let i = 0; i < values.length; i++) values[i] = ((i * 37) % 201) - 100
    const type = { dtype: 'i8', shape, quantization: perTensor(scale, zeroPoint) } as const
    return this.builder.constant('codes', type, { kind: 'values', values })
  }

  /** @param scale of the output, where it is quantized */
  node(operation: Operation, inputs: readonly Tensor[], scale?: number, zeroPoint = 0): Tensor {
    const name = `${operation.op}${this.#count++}`
    const quantization = scale === undefined ? {} : { quantization: perTensor(scale, zeroPoint) }
    return this.builder.node(name, operation.op, operation, inputs, [{ name, ...quantization }])[0]!
  }

  build(...outputs: Tensor[]): Graph {
    const graph = this.builder.build(outputs)
    validateGraph(graph)
    return graph
  }
}

export const conv: Conv2d = {
  op: 'conv2d',
  arithmetic: 'float',
  layout: 'ohwi',
  stride: [1, 1],
  dilation: [1, 1],
  pad: noPadding,
  activation: 'none',
}

export const depthwise: DepthwiseConv2d = {
  op: 'depthwise_conv2d',
  arithmetic: 'float',
  multiplier: 1,
  stride: [1, 1],
  dilation: [1, 1],
  pad: noPadding,
  activation: 'none',
}

export const add = { op: 'add', activation: 'none' } as const
export const mul = { op: 'mul', activation: 'none' } as const

/** The ops of a graph, fused steps behind a plus. */
export function shapeOf(graph: Graph): string[] {
  return graph.nodes.map(({ operation, fused = [], inputScale }) =>
    [inputScale ? `scaled ${operation.op}` : operation.op, ...fused.map((step) => step.operation.op)].join(
      ' + ',
    ),
  )
}

/** That both graphs compute the same: to `bound`, or exactly. */
export function expectSame(before: Graph, after: Graph, bound = 0): void {
  validateGraph(after)
  const inputs = before.inputs.map(({ shape }, k) =>
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 4 * Math.cos(k + 1.7 * i)),
  )
  const expected = run(before, inputs)
  const found = run(after, inputs)
  expected.forEach((values, k) => {
    let largest = 0
    values.forEach((value: number, i: number) => {
      largest = Math.max(largest, Math.abs(value - found[k]![i]!))
    })
    expect(largest).toBeLessThanOrEqual(bound)
  })
}
