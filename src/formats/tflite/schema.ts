import type { StorageType } from '../tensor.js'
import type { FlatTable } from './flat-table.js'

// What tensorflow/compiler/mlir/lite/schema/schema.fbs (version 3c) numbers, as far as detectors go.

/** TensorType: the types whose bytes qnative reads. INT4, sparse and resource types have none. */
export const tensorTypes: ReadonlyMap<number, StorageType> = new Map([
  [0, 'F32'],
  [1, 'F16'],
  [2, 'I32'],
  [3, 'U8'],
  [4, 'I64'],
  [6, 'BOOL'],
  [7, 'I16'],
  [9, 'I8'],
  [10, 'F64'],
  [12, 'U64'],
  [15, 'U32'],
  [16, 'U16'],
] as const)

const otherTensorTypes: ReadonlyMap<number, string> = new Map([
  [5, 'STRING'],
  [8, 'COMPLEX64'],
  [11, 'COMPLEX128'],
  [13, 'RESOURCE'],
  [14, 'VARIANT'],
  [17, 'INT4'],
])

export function tensorTypeName(type: number): string {
  return tensorTypes.get(type) ?? otherTensorTypes.get(type) ?? `type ${type}`
}

/** BuiltinOperator. The names that are not here are shown by their number. */
const operatorNames: ReadonlyMap<number, string> = new Map([
  [0, 'ADD'],
  [1, 'AVERAGE_POOL_2D'],
  [2, 'CONCATENATION'],
  [3, 'CONV_2D'],
  [4, 'DEPTHWISE_CONV_2D'],
  [5, 'DEPTH_TO_SPACE'],
  [6, 'DEQUANTIZE'],
  [8, 'FLOOR'],
  [9, 'FULLY_CONNECTED'],
  [11, 'L2_NORMALIZATION'],
  [14, 'LOGISTIC'],
  [17, 'MAX_POOL_2D'],
  [18, 'MUL'],
  [19, 'RELU'],
  [20, 'RELU_N1_TO_1'],
  [21, 'RELU6'],
  [22, 'RESHAPE'],
  [23, 'RESIZE_BILINEAR'],
  [25, 'SOFTMAX'],
  [26, 'SPACE_TO_DEPTH'],
  [28, 'TANH'],
  [32, 'CUSTOM'],
  [34, 'PAD'],
  [36, 'GATHER'],
  [37, 'BATCH_TO_SPACE_ND'],
  [38, 'SPACE_TO_BATCH_ND'],
  [39, 'TRANSPOSE'],
  [40, 'MEAN'],
  [41, 'SUB'],
  [42, 'DIV'],
  [43, 'SQUEEZE'],
  [45, 'STRIDED_SLICE'],
  [47, 'EXP'],
  [48, 'TOPK_V2'],
  [49, 'SPLIT'],
  [53, 'CAST'],
  [54, 'PRELU'],
  [55, 'MAXIMUM'],
  [56, 'ARG_MAX'],
  [57, 'MINIMUM'],
  [58, 'LESS'],
  [59, 'NEG'],
  [60, 'PADV2'],
  [61, 'GREATER'],
  [62, 'GREATER_EQUAL'],
  [63, 'LESS_EQUAL'],
  [64, 'SELECT'],
  [65, 'SLICE'],
  [67, 'TRANSPOSE_CONV'],
  [69, 'TILE'],
  [70, 'EXPAND_DIMS'],
  [71, 'EQUAL'],
  [72, 'NOT_EQUAL'],
  [73, 'LOG'],
  [74, 'SUM'],
  [75, 'SQRT'],
  [76, 'RSQRT'],
  [77, 'SHAPE'],
  [78, 'POW'],
  [81, 'REDUCE_PROD'],
  [82, 'REDUCE_MAX'],
  [83, 'PACK'],
  [84, 'LOGICAL_OR'],
  [85, 'ONE_HOT'],
  [86, 'LOGICAL_AND'],
  [87, 'LOGICAL_NOT'],
  [88, 'UNPACK'],
  [89, 'REDUCE_MIN'],
  [90, 'FLOOR_DIV'],
  [92, 'SQUARE'],
  [93, 'ZEROS_LIKE'],
  [94, 'FILL'],
  [95, 'FLOOR_MOD'],
  [96, 'RANGE'],
  [97, 'RESIZE_NEAREST_NEIGHBOR'],
  [98, 'LEAKY_RELU'],
  [99, 'SQUARED_DIFFERENCE'],
  [100, 'MIRROR_PAD'],
  [101, 'ABS'],
  [102, 'SPLIT_V'],
  [104, 'CEIL'],
  [107, 'GATHER_ND'],
  [109, 'WHERE'],
  [110, 'RANK'],
  [114, 'QUANTIZE'],
  [116, 'ROUND'],
  [117, 'HARD_SWISH'],
  [118, 'IF'],
  [119, 'WHILE'],
  [120, 'NON_MAX_SUPPRESSION_V4'],
  [121, 'NON_MAX_SUPPRESSION_V5'],
  [122, 'SCATTER_ND'],
  [123, 'SELECT_V2'],
  [124, 'DENSIFY'],
  [126, 'BATCH_MATMUL'],
  [129, 'CALL_ONCE'],
  [130, 'BROADCAST_TO'],
])

export const customOperator = 32

export function operatorName(code: number): string {
  return operatorNames.get(code) ?? `operator ${code}`
}

/** Numbers; booleans as 0 and 1. */
export type TfliteOptions = Readonly<Record<string, number | readonly number[]>>

/** One options table: its number in the union BuiltinOptions, and its fields in the schema's order. */
interface OptionsTable {
  readonly union: number
  readonly fields: readonly OptionField[]
}

interface OptionField {
  readonly name: string
  /** 'deprecated' takes a place and is not read. */
  readonly type: 'i8' | 'u8' | 'i32' | 'f32' | 'i32s' | 'deprecated'
  readonly absent?: number
}

const i8 = (name: string): OptionField => ({ name, type: 'i8' })
const flag = (name: string): OptionField => ({ name, type: 'u8' })
const i32 = (name: string, absent = 0): OptionField => ({ name, type: 'i32', absent })
const f32 = (name: string): OptionField => ({ name, type: 'f32' })
const i32s = (name: string): OptionField => ({ name, type: 'i32s' })
const deprecated: OptionField = { name: '', type: 'deprecated' }

const pool: OptionsTable = {
  union: 5,
  fields: [
    i8('padding'),
    i32('strideW'),
    i32('strideH'),
    i32('filterWidth'),
    i32('filterHeight'),
    i8('activation'),
  ],
}
const reducer: OptionsTable = { union: 27, fields: [flag('keepDims')] }

const optionTables: ReadonlyMap<string, OptionsTable> = new Map<string, OptionsTable>([
  [
    'CONV_2D',
    {
      union: 1,
      fields: [
        i8('padding'),
        i32('strideW'),
        i32('strideH'),
        i8('activation'),
        i32('dilationW', 1),
        i32('dilationH', 1),
      ],
    },
  ],
  [
    'DEPTHWISE_CONV_2D',
    {
      union: 2,
      fields: [
        i8('padding'),
        i32('strideW'),
        i32('strideH'),
        i32('depthMultiplier'),
        i8('activation'),
        i32('dilationW', 1),
        i32('dilationH', 1),
      ],
    },
  ],
  [
    'TRANSPOSE_CONV',
    { union: 49, fields: [i8('padding'), i32('strideW'), i32('strideH'), i8('activation')] },
  ],
  ['MAX_POOL_2D', pool],
  ['AVERAGE_POOL_2D', pool],
  ['FULLY_CONNECTED', { union: 8, fields: [i8('activation'), i8('weightsFormat'), flag('keepNumDims')] }],
  ['SOFTMAX', { union: 9, fields: [f32('beta')] }],
  ['CONCATENATION', { union: 10, fields: [i32('axis'), i8('activation')] }],
  ['ADD', { union: 11, fields: [i8('activation')] }],
  ['MUL', { union: 21, fields: [i8('activation')] }],
  ['SUB', { union: 28, fields: [i8('activation')] }],
  ['DIV', { union: 29, fields: [i8('activation')] }],
  [
    'RESIZE_BILINEAR',
    { union: 15, fields: [deprecated, deprecated, flag('alignCorners'), flag('halfPixelCenters')] },
  ],
  ['RESIZE_NEAREST_NEIGHBOR', { union: 74, fields: [flag('alignCorners'), flag('halfPixelCenters')] }],
  ['RESHAPE', { union: 17, fields: [i32s('newShape')] }],
  ['SQUEEZE', { union: 30, fields: [i32s('squeezeDims')] }],
  ['GATHER', { union: 23, fields: [i32('axis'), i32('batchDims')] }],
  ['MEAN', reducer],
  ['SUM', reducer],
  ['REDUCE_MAX', reducer],
  ['REDUCE_MIN', reducer],
  ['REDUCE_PROD', reducer],
  [
    'STRIDED_SLICE',
    {
      union: 32,
      fields: [
        i32('beginMask'),
        i32('endMask'),
        i32('ellipsisMask'),
        i32('newAxisMask'),
        i32('shrinkAxisMask'),
        flag('offset'),
      ],
    },
  ],
  ['SPLIT', { union: 35, fields: [i32('numSplits')] }],
  ['PACK', { union: 59, fields: [i32('valuesCount'), i32('axis')] }],
  ['UNPACK', { union: 64, fields: [i32('num'), i32('axis')] }],
  ['LEAKY_RELU', { union: 75, fields: [f32('alpha')] }],
])

const optionsTypeField = 3
const optionsField = 4

/** The options of a builtin operator, defaults where its table or a field of it is not there. */
export function readOptions(operator: FlatTable, name: string): TfliteOptions {
  const schema = optionTables.get(name)
  if (!schema) return {}
  const union = operator.u8(optionsTypeField)
  if (union !== 0 && union !== schema.union) {
    throw operator.error(`expected the options of ${name} (union ${schema.union}), found union ${union}`)
  }
  const table = union === 0 ? undefined : operator.table(optionsField, 'options')
  const options: Record<string, number | readonly number[]> = {}
  schema.fields.forEach(({ name, type, absent = 0 }, id) => {
    if (type === 'deprecated') return
    if (type === 'i32s') options[name] = [...(table?.i32s(id, name) ?? [])]
    else options[name] = table?.[type](id, absent) ?? absent
  })
  return options
}
