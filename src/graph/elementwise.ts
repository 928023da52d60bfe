import type { Activation, Binary, HardSwish, LeakyRelu, Unary } from './operation.js'

// One element at a time, in double precision; storing rounds to the tensor's type. The double result of +, -, *, / and
// sqrt of two floats rounds to what float32 arithmetic gives.

const { fround } = Math

export function activate(activation: Activation, x: number): number {
  switch (activation) {
    case 'none':
      return x
    case 'relu':
      return Math.max(x, 0)
    case 'relu6':
      return Math.min(Math.max(x, 0), 6)
    case 'relu_n1_to_1':
      return Math.min(Math.max(x, -1), 1)
  }
}

const binaryFunctions: Readonly<Record<Binary['op'], (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
  floor_div: (a, b) => Math.floor(a / b),
  // The remainder has the divisor's sign, as the quotient is rounded down.
  floor_mod: (a, b) => {
    const remainder = a % b
    return remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder
  },
  squared_difference: (a, b) => fround(a - b) * fround(a - b),
  pow: (a, b) => a ** b,
  equal: (a, b) => Number(a === b),
  not_equal: (a, b) => Number(a !== b),
  less: (a, b) => Number(a < b),
  less_equal: (a, b) => Number(a <= b),
  greater: (a, b) => Number(a > b),
  greater_equal: (a, b) => Number(a >= b),
  logical_and: (a, b) => Number(a !== 0 && b !== 0),
  logical_or: (a, b) => Number(a !== 0 || b !== 0),
}

export function binaryFunction(operation: Binary): (a: number, b: number) => number {
  const compute = binaryFunctions[operation.op]
  if (!('activation' in operation) || operation.activation === 'none') return compute
  const { activation } = operation
  return (a, b) => activate(activation, fround(compute(a, b)))
}

/** min(max(x + 3, 0), 6) */
const gate = (x: number) => Math.min(Math.max(fround(x + 3), 0), 6)

const unaryFunctions: Readonly<Record<Unary['op'], (x: number) => number>> = {
  relu: (x) => activate('relu', x),
  relu6: (x) => activate('relu6', x),
  relu_n1_to_1: (x) => activate('relu_n1_to_1', x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  exp: Math.exp,
  log: Math.log,
  abs: Math.abs,
  neg: (x) => -x,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  square: (x) => x * x,
  floor: Math.floor,
  ceil: Math.ceil,
  // TFLite's ROUND: ties to even.
  round: (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)),
  logical_not: (x) => Number(x === 0),
}

export function unaryFunction(operation: Unary | HardSwish | LeakyRelu): (x: number) => number {
  switch (operation.op) {
    case 'hard_swish': {
      const { sixth } = operation
      return (x) => fround(x * sixth) * gate(x)
    }
    case 'hard_sigmoid': {
      const { sixth } = operation
      return (x) => gate(x) * sixth
    }
    case 'leaky_relu': {
      const { alpha } = operation
      return (x) => (x < 0 ? x * alpha : x)
    }
    default:
      return unaryFunctions[operation.op]
  }
}
