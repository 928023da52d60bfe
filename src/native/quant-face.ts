// The typed face of bindings/quant.cc: quantized matrices as plain arrays. src/quantize/arrays.ts checks the arguments.
import type { Isa } from './face.js'

export interface MatrixShape {
  readonly bits: number
  /** Outputs. */
  readonly rows: number
  /** Inputs. */
  readonly cols: number
  /** Columns that share a scale; -1: all. */
  readonly groupSize: number
}

/** native/quant/canonical.h says what the arrays hold. */
export interface MatrixArrays extends MatrixShape {
  readonly qweight: Int32Array
  readonly qzeros: Int32Array
  readonly scales: Uint16Array
  readonly gIdx: Int32Array
}

export interface QuantFunctions {
  quantizeMatrix(
    weights: Float32Array,
    options: MatrixShape & { readonly symmetric: boolean; readonly clip: 'none' | 'mse' },
  ): MatrixArrays
  /** minusOne: zero points as "gptq" (v1) stores them. Without zeros there are no qzeros. */
  packMatrix<Zeros extends Uint8Array | undefined>(
    unpacked: MatrixShape & {
      readonly codes: Uint8Array
      readonly zeros?: Zeros
      readonly minusOne?: boolean
    },
  ): { qweight: Int32Array; qzeros: Zeros extends Uint8Array ? Int32Array : undefined }
  /** Rounded to nearest even; the bits of each value. Throws, naming a value that is not finite or does not fit. */
  encodeFloats(values: Float32Array, type: 'F16' | 'BF16', name: string): Uint16Array
  unpackMatrix(matrix: MatrixArrays): { codes: Uint8Array; zeros: Uint8Array }
  dequantizeMatrix(matrix: MatrixArrays): Float32Array
  dequantizeBlocks(type: string, bytes: Uint8Array): Float32Array
  linearMatrix(
    x: Float32Array,
    tokens: number,
    matrix: MatrixArrays,
    options: { readonly activations: 'f32' | 'int8'; readonly threads: number; readonly isa?: Isa },
  ): Float32Array
  /** The matrix after a trip through the panels that kernels read: for tests. */
  repackMatrix(matrix: MatrixArrays): MatrixArrays
}
