// Small graphs of one operation, in codes and in float32.
import type { DType, Tensor } from '../../../../src/graph/graph.js'
import { floatToHalf } from '../../../../src/graph/half.js'
import type { Operation } from '../../../../src/graph/operation.js'
import { groupCount, perTensor } from '../../../../src/graph/quantization.js'
import { newValues } from '../../../../src/graph/values.js'
import { SmallGraph } from '../../../graph/small.js'

/** A SmallGraph with inputs of any type, and constants of codes. */
export class TypedGraph extends SmallGraph {
  /** @param scale of i8 and u8: codes with a scale */
  typed(dtype: DType, shape: readonly number[], scale?: number, zeroPoint = 0): Tensor {
    const quantization = scale === undefined ? {} : { quantization: perTensor(scale, zeroPoint) }
    return this.builder.input('x', { dtype, shape, ...quantization })
  }

  /** u8 weights with a zero point of their own, or i8 weights with a scale for each index of `axis`. */
  weights(dtype: 'i8' | 'u8', shape: readonly number[], axis?: number): Tensor {
    const count = shape.reduce((a, b) => a * b, 1)
    const values = newValues(dtype, count)
    for (let i = 0; i < count; i++) values[i] = ((i * 37 + (i >> 3)) % 251) - (dtype === 'i8' ? 125 : 0)
    const channels = axis === undefined ? 1 : shape[axis]!
    const quantization =
      axis === undefined
        ? perTensor(0.013, dtype === 'u8' ? 119 : 0)
        : {
            scales: Float32Array.from({ length: channels }, (_, c) => 0.004 + 0.001 * (c % 7)),
            zeroPoints: new Int32Array(channels),
            axis,
          }
    return this.builder.constant('weights', { dtype, shape, quantization }, { kind: 'values', values })
  }

  /** Codes in groups of `size` weights of an output, which comes first. */
  packed(dtype: 'u4' | 'u2', shape: readonly number[], size: number): Tensor {
    const [count, outputs] = [shape.reduce((a, b) => a * b, 1), shape[0]!]
    const most = dtype === 'u4' ? 15 : 3
    const values = Uint8Array.from({ length: count }, (_, i) => (i * 37 + (i >> 3)) % (most + 1))
    const ofGroups = (value: (i: number) => number) =>
      Array.from({ length: groupCount(shape, size) * outputs }, (_, i) => value(i))
    const scales = Uint16Array.from(ofGroups((i) => floatToHalf(0.004 + 0.001 * (i % 7))))
    const zeros = Uint8Array.from(ofGroups((i) => (5 * i) % (most + 1)))
    const type = { dtype, shape, groups: { size, scales, zeros } } as const
    return this.builder.constant('weights', type, { kind: 'values', values })
  }

  integers(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
    return this.builder.numbers('integers', 'i32', shape, values)
  }

  /** A node that makes several tensors. */
  nodes(operation: Operation, inputs: readonly Tensor[], outputs = 1): Tensor[] {
    const names = Array.from({ length: outputs }, (_, i) => ({ name: `${operation.op}:${i}` }))
    return this.builder.node(operation.op, operation.op, operation, inputs, names)
  }
}
