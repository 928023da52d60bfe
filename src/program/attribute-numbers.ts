// Attributes of steps that are numbers of kinds.

/** In the order of native/kernels/binary/binary.h. */
export const binaryKinds = [
  'add',
  'sub',
  'mul',
  'div',
  'maximum',
  'minimum',
  'floor_div',
  'floor_mod',
  'squared_difference',
  'pow',
  'equal',
  'not_equal',
  'less',
  'less_equal',
  'greater',
  'greater_equal',
  'logical_and',
  'logical_or',
] as const

/** In the order of native/kernels/reduce/reduce.h. */
export const reductions = ['mean', 'sum', 'reduce_max', 'reduce_min'] as const

/** Where output pixels lie in the input: native/kernels/resize/resize.h. */
export const samplings = { legacy: 0, half_pixel: 1, align_corners: 2 } as const
