// GPTQ on one linear layer: the library's solver below whole models.
import { addon } from '../native/addon.js'
import { checkArray, checkCount, checkShare, oneOf, wrong } from '../native/arguments.js'
import { forcedIsa } from '../native/isa.js'
import { finish, type JobOptions } from '../native/job.js'
import type {
  HadamardOptions,
  LayerProblem,
  Solution,
  SolverResources,
  TargetCorrection,
} from '../native/solver-face.js'
import { type Bits, type GroupSize, groupSizes } from './arrays.js'

export type { HadamardOptions, LayerProblem, QuantizedLinear, Solution } from '../native/solver-face.js'

export interface SolveOptions extends JobOptions {
  readonly bits: Bits
  /** Default 64. */
  readonly groupSize?: GroupSize
  /**
   * The levels of a group. 'asymmetric' (default): a float16 scale and an integer zero point; 'symmetric': the zero point is
   * 2^(bits - 1); 'offset': a float16 scale and a float16 offset.
   */
  readonly grid?: 'symmetric' | 'asymmetric' | 'offset'
  /**
   * The order in which GPTQ walks over the columns. 'act': by descending diagonal of the Hessian, groups being runs of that
   * order (the solution has gIdx); 'act-group': groups stay runs of the matrix's columns, groups and the columns within each
   * go by descending diagonal; 'none' (default): as they are.
   */
  readonly order?: 'none' | 'act' | 'act-group'
  /** Added to the Hessian's diagonal, as a part of its mean; doubled until the matrix is positive definite. Default 0.01. */
  readonly damp?: number
  /**
   * The search for a narrower range of each group that has less squared error ('mse') or less squared error weighted by the
   * Hessian's diagonal ('hessian'). Default 'none'.
   */
  readonly clip?: 'none' | 'mse' | 'hessian'
  /** Default 'gptq'. */
  readonly method?: 'rtn' | 'gptq'
  /** Sweeps of coordinate descent over the codes after GPTQ (QuantEase, arXiv 2309.01885). Default 0. */
  readonly sweeps?: number
  /** Least squares of scales, zero points and offsets given the codes, before each sweep and after the last. Default false. */
  readonly refit?: boolean
  /** Default 1. The result does not depend on it. */
  readonly threads?: number
}

/**
 * Quantizes a linear layer so that its outputs change least: GPTQ (arXiv 2210.17323), with what its options add. The result is
 * the same for any number of threads and on every CPU. Where GPTQ's loss is above that of round-to-nearest, the result is
 * round-to-nearest, and `fallback` says so.
 *
 * The arrays are read in place: they must not change until the promise is settled.
 * @throws TypeError or RangeError for wrong arguments; Error naming the element of weights or hessian that is NaN, infinite or
 * beyond float16's grid, or the negative element of the hessian's diagonal; the signal's reason
 */
export async function solveLinear(problem: LayerProblem, options: SolveOptions): Promise<Solution> {
  const { weights, hessian, rows, cols } = problem
  const {
    bits,
    groupSize = 64,
    grid = 'asymmetric',
    order = 'none',
    damp = 0.01,
    clip = 'none',
    method = 'gptq',
    sweeps = 0,
    refit = false,
  } = options
  checkCount('rows', rows)
  checkCount('cols', cols)
  checkArray('weights', weights, Float32Array, rows * cols)
  checkArray('hessian', hessian, Float32Array, cols * cols)
  oneOf('bits', bits, [8, 4, 2])
  oneOf('groupSize', groupSize, groupSizes)
  oneOf('grid', grid, ['symmetric', 'asymmetric', 'offset'])
  oneOf('order', order, ['none', 'act', 'act-group'])
  checkDamp(damp)
  oneOf('clip', clip, ['none', 'mse', 'hessian'])
  oneOf('method', method, ['rtn', 'gptq'])
  if (!Number.isSafeInteger(sweeps) || sweeps < 0 || sweeps > 1000) {
    throw wrong('an integer from 0 to 1000', 'sweeps', sweeps)
  }
  if (typeof refit !== 'boolean') throw wrong('true or false', 'refit', refit)
  const layer = {
    weights,
    hessian,
    rows,
    cols,
    bits,
    groupSize,
    grid,
    order,
    damp,
    clip,
    method,
    sweeps,
    refit,
  }
  const resources = resourcesOf(options.threads)
  return finish((onProgress) => addon().solveMatrix(layer, resources, onProgress), options)
}

/** See {@link correctTarget}. */
export type CorrectionProblem = Pick<
  TargetCorrection,
  'weights' | 'hessian' | 'cross' | 'residual' | 'rows' | 'cols'
>

export interface CorrectionOptions extends JobOptions {
  /** How much of the inputs' difference is corrected, 0 to 1. Default 1. */
  readonly alpha?: number
  /** How much of the residual stream's difference is corrected, 0 to 1. Default 1. */
  readonly beta?: number
  /** Added to the Hessian's diagonal, as a part of its mean; doubled until the matrix is positive definite. Default 0.01. */
  readonly damp?: number
  /** Default 1. The result does not depend on it. */
  readonly threads?: number
}

/**
 * The weights that a layer should be quantized towards when its inputs differ from those of the float model:
 * W + (alpha W cross + beta residual) (H + damp mean(diag H) I)^-1, the least-squares match of the float layer's outputs
 * (GPTAQ, arXiv 2504.02692; QEP, arXiv 2504.09629). The arrays are read in place: they must not change until the promise is
 * settled.
 * @returns row-major [rows, cols]
 * @throws TypeError or RangeError for wrong arguments; Error naming the element that is NaN or infinite; the signal's reason
 */
export async function correctTarget(
  problem: CorrectionProblem,
  options: CorrectionOptions = {},
): Promise<Float32Array> {
  const { weights, hessian, cross, residual, rows, cols } = problem
  const { alpha = 1, beta = 1, damp = 0.01 } = options
  checkCount('rows', rows)
  checkCount('cols', cols)
  checkArray('weights', weights, Float32Array, rows * cols)
  checkArray('hessian', hessian, Float32Array, cols * cols)
  if (cross) checkArray('cross', cross, Float32Array, cols * cols)
  if (residual) checkArray('residual', residual, Float32Array, rows * cols)
  checkShare('alpha', alpha)
  checkShare('beta', beta)
  checkDamp(damp)
  const correction = {
    ...{ weights, hessian, rows, cols, alpha, beta, damp },
    ...(cross && { cross }),
    ...(residual && { residual }),
  }
  const resources = resourcesOf(options.threads)
  return finish((onProgress) => addon().correctTarget(correction, resources, onProgress), options)
}

/**
 * Blocks of the Walsh-Hadamard transform, H[i][j] = (-1)^popcount(i & j) / sqrt(block), over a matrix's columns or rows:
 * orthogonal, and its own inverse. Computed in float64.
 * @param values row-major [rows, cols]
 * @returns a new array [rows, cols]
 * @throws TypeError or RangeError for wrong arguments
 */
export function hadamard(
  values: Float32Array,
  rows: number,
  cols: number,
  options: HadamardOptions,
): Float32Array {
  const { block, side } = options
  checkCount('rows', rows)
  checkCount('cols', cols)
  checkArray('values', values, Float32Array, rows * cols)
  oneOf('side', side, ['rows', 'columns'])
  const length = side === 'rows' ? rows : cols
  if (!Number.isInteger(Math.log2(block)) || block < 1 || length % block !== 0) {
    throw wrong(`a power of two that divides ${length}`, 'block', block)
  }
  return addon().hadamard(values, rows, cols, { block, side })
}

function checkDamp(damp: number): void {
  if (!(damp >= 0 && damp < 1000)) throw wrong('a number from 0 to below 1000', 'damp', damp)
}

function resourcesOf(threads = 1): SolverResources {
  checkCount('threads', threads)
  const isa = forcedIsa()
  return { threads, ...(isa && { isa }) }
}
