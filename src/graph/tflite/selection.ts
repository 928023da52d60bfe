import { ShapeError } from '../shape-error.js'
import type { Conversion } from './operator.js'

export const topK: Conversion = (operator) =>
  operator.add({ op: 'top_k', k: operator.integer(1, 'k') }, [operator.input(0)])

export const select: Conversion = (operator) => operator.add({ op: 'select' }, operator.allInputs())

export const argMax: Conversion = (operator) => {
  const x = operator.input(0)
  const to = operator.declared[0]?.dtype
  if (to !== 'i32' && to !== 'i64') throw new ShapeError('an output of i32 or i64', to ?? 'none')
  return operator.add(
    { op: 'arg_max', axis: operator.axis(operator.integer(1, 'axis'), x.shape.length), to },
    [x],
  )
}
