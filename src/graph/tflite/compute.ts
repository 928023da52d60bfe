import type { Arithmetic2, Binary, Convert, Reduce, Unary } from '../operation.js'
import { ShapeError } from '../shape-error.js'
import type { Conversion } from './operator.js'

const { fround } = Math

export function activated(op: Arithmetic2['op']): Conversion {
  return (operator) => operator.add({ op, activation: operator.activation() }, operator.allInputs())
}

export function binary(op: Binary['op']): Conversion {
  return (operator) => operator.add({ op } as Binary, operator.allInputs())
}

export function unary(op: Unary['op']): Conversion {
  return (operator) => operator.add({ op }, [operator.input(0)])
}

export const hardSwish: Conversion = (operator) =>
  operator.add({ op: 'hard_swish', sixth: fround(1 / 6) }, [operator.input(0)])

export const leakyRelu: Conversion = (operator) =>
  operator.add({ op: 'leaky_relu', alpha: operator.option('alpha') }, [operator.input(0)])

export const softmax: Conversion = (operator) =>
  operator.add({ op: 'softmax', beta: operator.option('beta') }, [operator.input(0)])

export function reduced(op: Reduce['op']): Conversion {
  return (operator) => {
    const x = operator.input(0)
    const given = operator.integers(1, 'the axes')
    const axes = [...new Set(given.map((axis) => operator.axis(axis, x.shape.length)))].sort((a, b) => a - b)
    return operator.add({ op, axes, keepDims: operator.option('keepDims') !== 0 }, [x])
  }
}

export function converted(op: Convert['op']): Conversion {
  return (operator) => {
    const to = operator.declared[0]?.dtype
    if (!to || to === 'f16' || to === 'u4' || to === 'u2') {
      throw new ShapeError('an output of another type than f16', to ?? 'none')
    }
    return operator.add({ op, to }, [operator.input(0)])
  }
}

/** Names and defaults: tflite/kernels/detection_postprocess.cc, `Init`. */
export const detectionPostprocess: Conversion = (operator) => {
  const options = operator.customOptions
  const optional = <T>(name: string, absent: T): T => {
    const value = options.get(name)
    if (value === undefined) return absent
    if (typeof value !== typeof absent) throw new ShapeError(`${name} to be a ${typeof absent}`, `${value}`)
    return value as T
  }
  const number = (name: string, fits: (value: number) => boolean): number => {
    const value = options.get(name)
    if (typeof value !== 'number' || !fits(value)) {
      throw new ShapeError(`a sound ${name} in the options`, `${value ?? 'none'}`)
    }
    return value
  }
  const count = (name: string) =>
    number(name, (value) => Number.isInteger(value) && value >= 1 && value < 2 ** 24)
  const scale = (name: string) => number(name, (value) => value > 0 && Number.isFinite(value))
  return operator.add(
    {
      op: 'detection_postprocess',
      maxDetections: count('max_detections'),
      maxClassesPerDetection: count('max_classes_per_detection'),
      detectionsPerClass: optional('detections_per_class', 100),
      useRegularNms: optional('use_regular_nms', false),
      scoreThreshold: number('nms_score_threshold', Number.isFinite),
      iouThreshold: number('nms_iou_threshold', (value) => value > 0 && value <= 1),
      classes: count('num_classes'),
      scales: [scale('y_scale'), scale('x_scale'), scale('h_scale'), scale('w_scale')],
    },
    operator.allInputs(),
  )
}
