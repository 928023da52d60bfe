// The typed face of bindings/solver.cc: GPTQ on one linear layer. src/quantize/solver.ts checks the arguments.
import type { Isa, Job, Progress } from './face.js'

/**
 * A quantized [rows, cols] matrix with a code a byte:
 *   value[n][k] = fma(scale, code, offset) with the parameters of the group of column k in row n,
 * where offset = -(scale * zero) on the grids with zero points.
 */
export interface QuantizedLinear {
  readonly bits: 8 | 4 | 2
  /** Outputs. */
  readonly rows: number
  /** Inputs. */
  readonly cols: number
  /** Columns that share a scale, -1: all. The last group of a row may be shorter. */
  readonly groupSize: number
  /** [rows, cols] */
  readonly codes: Uint8Array
  /** [groups, rows], bits of float16 values. */
  readonly scales: Uint16Array
  /** [groups, rows]. Either zeros or offsets is there. */
  readonly zeros?: Uint8Array
  /** [groups, rows], bits of float16 values. */
  readonly offsets?: Uint16Array
  /** [cols], the group of each column; with act-order only, else column k belongs to group floor(k / groupSize). */
  readonly gIdx?: Int32Array
}

/** What is quantized: with inputs x, hessian = 2 / n sum x x^T, and the loss is tr((W - Q) H (W - Q)^T). */
export interface LayerProblem {
  /** [rows, cols] */
  readonly weights: Float32Array
  /** [cols, cols], symmetric. */
  readonly hessian: Float32Array
  readonly rows: number
  readonly cols: number
}

/** native/quant/grid.h, native/quant/gptq/layer.h */
export interface SolverSettings {
  readonly bits: 8 | 4 | 2
  readonly groupSize: number
  readonly grid: 'symmetric' | 'asymmetric' | 'offset'
  readonly order: 'none' | 'act' | 'act-group'
  readonly damp: number
  readonly clip: 'none' | 'mse' | 'hessian'
  readonly method: 'rtn' | 'gptq'
  readonly sweeps: number
  readonly refit: boolean
}

export interface Solution extends QuantizedLinear {
  /** [rows, cols], dequantized. */
  readonly values: Float32Array
  /** tr((W - Q) H (W - Q)^T), without damping. */
  readonly loss: number
  /** The loss of round-to-nearest with the same grid and clip search. */
  readonly rtnLoss: number
  /** The damping that made the Hessian positive definite, at least what was asked for; 0 for round-to-nearest. */
  readonly damp: number
  /** Inputs that were zero in all samples. */
  readonly deadColumns: number
  /** There when the result is round-to-nearest though GPTQ was asked for. */
  readonly fallback?: { readonly method: 'rtn'; readonly reason: string }
}

/** native/quant/gptq/correct_target.h */
export interface TargetCorrection {
  /** [rows, cols] */
  readonly weights: Float32Array
  /** [cols, cols]: 2 / n sum x x^T over the quantized model's inputs x. */
  readonly hessian: Float32Array
  /** [cols, cols]: 2 / n sum (y - x) x^T, y being the float model's inputs. */
  readonly cross?: Float32Array
  /** [rows, cols]: 2 / n sum d x^T, d being what the float model's residual stream is ahead of the quantized one's. */
  readonly residual?: Float32Array
  readonly rows: number
  readonly cols: number
  /** How much of the inputs' difference is corrected: 0 nothing, 1 all. */
  readonly alpha: number
  /** How much of the residual stream's difference is corrected. */
  readonly beta: number
  /** Added to the Hessian's diagonal, as a part of its mean; doubled until the matrix is positive definite. */
  readonly damp: number
}

/** Sums as op.gram leaves them: native/linalg/pair_sums.h. */
export interface PairSums {
  /** [2, rows, cols]: sums, and what rounding took from them. */
  readonly values: Float32Array
  readonly rows: number
  readonly cols: number
  /** Only what is on and above the diagonal is there, of a symmetric matrix. */
  readonly upper: boolean
}

export interface HadamardOptions {
  /** A power of two that divides the rows or columns. */
  readonly block: number
  /** 'columns' mixes the columns of each row (M H), 'rows' the rows of each column (H M). */
  readonly side: 'rows' | 'columns'
}

export interface SolverResources {
  readonly threads: number
  readonly isa?: Isa
}

export interface SolverFunctions {
  /** Reads the arrays in place: they must not change or be detached until the job is over. */
  solveMatrix(
    layer: LayerProblem & SolverSettings,
    resources: SolverResources,
    onProgress?: Progress,
  ): Job<Solution>
  /** W + (alpha W cross + beta residual) (H + damp mean(diag H) I)^-1. Reads the arrays in place. */
  correctTarget(
    correction: TargetCorrection,
    resources: SolverResources,
    onProgress?: Progress,
  ): Job<Float32Array>
  /** Writes factor * (sums - minus) to `to` [rows, cols]. */
  scaleSums(sums: PairSums, factor: number, to: Float32Array, minus?: PairSums): void
  hadamard(values: Float32Array, rows: number, cols: number, options: HadamardOptions): Float32Array
}
