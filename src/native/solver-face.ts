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
}
