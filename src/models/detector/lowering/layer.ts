// Layers with weights, in each of their arithmetics: one shape of step for all of them, with the constants that the
// arithmetic needs.
import type { Tensor as GraphTensor, Node } from '../../../graph/graph.js'
import type { Activation, Arithmetic } from '../../../graph/operation.js'
import type { Fused, Tensor } from '../../../program/builder.js'
import { codeBounds, codesOf, realBounds } from './codes.js'
import type { DynamicQuantization } from './dynamic.js'
import { staysReal } from './fused.js'
import { floatBias, integerBias, multipliers, weightScales, weightZero } from './kernel.js'
import type { Lowering } from './lowering.js'

/** Numbers; codes of 8 bits; codes of 4 or 2 bits with their scales. */
export type WeightKind = 'float' | 'codes' | 'packed'

/** What differs between convolutions, transposed and depthwise ones. */
export interface LayerStep {
  /** Of the float op; the others have a suffix. */
  readonly op: 'conv2d' | 'depthwise_conv2d' | 'transpose_conv2d'
  readonly arithmetic: Arithmetic
  readonly activation: Activation
  /** Windows, strides and padding. */
  readonly geometry: Readonly<Record<string, number>>
  /** [N,H,W,I] and [N,P,Q,O] */
  readonly x: Tensor
  readonly y: Tensor
  /** The constant of the arithmetic's kind. */
  readonly weights: (kind: WeightKind) => Tensor
  readonly fused: readonly Fused[]
}

export function layer(l: Lowering, dynamic: DynamicQuantization, node: Node, step: LayerStep): void {
  const { op, geometry, x, y, fused } = step
  const [input, weights] = node.inputs as readonly [GraphTensor, GraphTensor]
  const channels = y.shape[3] as number
  const run = (suffix: string, inputs: readonly Tensor[], attributes: Readonly<Record<string, number>>) => {
    l.step(`${op}${suffix}`, node.name, inputs, [y], { ...geometry, ...attributes }, fused)
  }
  switch (step.arithmetic) {
    case 'float':
      run('', [x, step.weights('float'), floatBias(l, node, channels)], realBounds(step.activation))
      break
    case 'dynamic': {
      const { codes, parameters } = dynamic.codesOf(node, x)
      if (weights.groups) {
        const inputs = [codes, parameters, step.weights('packed'), floatBias(l, node, channels)]
        run('_dynamic_packed', inputs, realBounds(step.activation))
        break
      }
      const scales = l.numbers(`${node.name}/scales`, weightScales(node, channels))
      const inputs = [codes, parameters, step.weights('codes'), scales, floatBias(l, node, channels)]
      if (weightZero(weights) !== 0) l.refuse(node, 'expected weights with zero point 0, found another')
      run('_dynamic', inputs, realBounds(step.activation))
      break
    }
    case 'integer':
    case 'integer_to_float': {
      const from = codesOf(input)
      // Codes that the sums are rounded to before anything else.
      const rounded = step.arithmetic === 'integer' && !staysReal(l, node)
      const to = rounded ? codesOf(node.fused?.[0]?.input ?? node.outputs[0]!) : undefined
      const multiplier = multipliers(l, node, channels, from.scale, to?.scale)
      const zeros = { x_zero: from.zero, w_zero: weightZero(weights), y_zero: to?.zero ?? 0 }
      const bounds = to ? codeBounds(step.activation, to) : realBounds(step.activation)
      run('_u8', [x, step.weights('codes'), integerBias(l, node, channels), multiplier], {
        ...zeros,
        ...bounds,
      })
    }
  }
}
