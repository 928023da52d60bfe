import { FormatError, show } from '../../formats/error.js'
import { isJsonObject } from '../../formats/json.js'
import type { Operation, OpName } from '../operation.js'
import { type FieldKind, operationFields } from './operation-fields.js'

/**
 * An operation from JSON, field by field: none missing, none more, each of its kind. Whether it fits the node's tensors is
 * for validateGraph.
 *
 * @param place of the JSON in its file, for messages
 * @throws FormatError naming the field
 */
export function readOperation(json: unknown, file: string, place: string): Operation {
  if (!isJsonObject(json)) throw new FormatError(file, place, `expected an object, found ${show(json)}`)
  const { op } = json
  if (typeof op !== 'string' || !Object.hasOwn(operationFields, op)) {
    throw new FormatError(file, `${place}.op`, `expected an operation that qnative knows, found ${show(op)}`)
  }
  const fields = operationFields[op as OpName]
  const extra = Object.keys(json).find((name) => name !== 'op' && !Object.hasOwn(fields, name))
  if (extra !== undefined) {
    const problem = `expected ${['op', ...Object.keys(fields)].join(', ')}, found another field`
    throw new FormatError(file, `${place}.${extra}`, problem)
  }
  const values = Object.entries(fields).map(([name, kind]) => {
    const value = readField(json[name], kind)
    if (value === undefined) {
      throw new FormatError(file, `${place}.${name}`, `expected ${expected(kind)}, found ${show(json[name])}`)
    }
    return [name, value] as const
  })
  return { op, ...Object.fromEntries(values) } as unknown as Operation
}

const infinities: Readonly<Record<string, number>> = {
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

/** The value, or undefined where it is not of the kind. */
function readField(value: unknown, kind: FieldKind): unknown {
  switch (kind) {
    case 'size':
      return isSize(value) ? value : undefined
    case 'sizes':
      return Array.isArray(value) && value.every(isSize) ? value : undefined
    case 'pair':
      return Array.isArray(value) && value.length === 2 && value.every(isSize) ? value : undefined
    case 'steps':
      return Array.isArray(value) && value.every(Number.isSafeInteger) ? value : undefined
    case 'number':
      if (typeof value === 'string') return infinities[value]
      return typeof value === 'number' ? value : undefined
    case 'numbers4':
      return Array.isArray(value) && value.length === 4 && value.every(Number.isFinite) ? value : undefined
    case 'flag':
      return typeof value === 'boolean' ? value : undefined
    case 'padding':
      return isPadding(value) ? value : undefined
    default:
      return kind.find((word) => word === value)
  }
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isPadding(value: unknown): boolean {
  if (!isJsonObject(value) || Object.keys(value).length !== 4) return false
  return ['top', 'left', 'bottom', 'right'].every((side) => isSize(value[side]))
}

function expected(kind: FieldKind): string {
  switch (kind) {
    case 'size':
      return 'a whole number of 0 or more'
    case 'sizes':
      return 'whole numbers of 0 or more'
    case 'pair':
      return 'two whole numbers of 0 or more'
    case 'steps':
      return 'whole numbers'
    case 'number':
      return 'a number'
    case 'numbers4':
      return 'four numbers'
    case 'flag':
      return 'true or false'
    case 'padding':
      return 'top, left, bottom and right, whole numbers of 0 or more'
    default:
      return kind.join(', ')
  }
}
