// The typed face of the addon: bindings/*.cc, function by function. Everything here trusts its caller; the modules
// beside it (session.ts, weight.ts) and the library check arguments first.

import type { DetectionFunctions } from './detection-face.js'
import type { ImageFunctions } from './image-face.js'
import type { QuantFunctions } from './quant-face.js'
import type { QuantizedLinear, SolverFunctions } from './solver-face.js'

/** Work on a native thread. `cancel` makes the promise reject with code ABORT_ERR at the next check. */
export interface Job<T> {
  readonly promise: Promise<T>
  cancel(): void
}

export type Progress = (done: number, total: number) => void

export type Isa = 'reference' | 'avx2' | 'avxvnni' | 'avx512' | 'neon'

export interface IsaStatus {
  readonly name: Isa
  readonly usable: boolean
  /** What is missing; empty when usable. */
  readonly reason: string
  /** Compiled through SIMDe: the test-only build. */
  readonly emulated: boolean
}

export interface Environment {
  readonly cpu: string
  /** In ascending order of preference. */
  readonly isas: readonly IsaStatus[]
  readonly bestIsa: Isa
  readonly avx512Bf16: boolean
  /** Logical processors that this process may use (affinity and cgroup quota). */
  readonly processors: number
  /** Bytes that new allocations can take; 0 when unknown. */
  readonly availableMemory: number
}

export interface OpDescription {
  readonly name: string
  /** See native/core/op.h. */
  readonly signature: string
  readonly kernels: readonly { readonly name: string; readonly isa: Isa }[]
}

declare const handle: unique symbol
export interface FileHandle {
  readonly [handle]: 'file'
}
export interface WeightHandle {
  readonly [handle]: 'weight'
}
export interface SessionHandle {
  readonly [handle]: 'session'
}

/** 'q8x16|32|64': int8 activations with one scale per block of so many columns. */
export type DType = 'f32' | 'f16' | 'bf16' | 'i32' | 'u8' | 'i8' | 'q8x16' | 'q8x32' | 'q8x64'

/** A number, or the name of a symbol of the program. */
export type Dimension = number | string

export interface TensorJson {
  readonly name: string
  readonly kind: 'input' | 'constant' | 'state' | 'intermediate'
  /** 'weight': a matrix in panels. */
  readonly dtype: DType | 'weight'
  readonly shape: readonly Dimension[]
  /** Of an intermediate tensor that lies inside another one, earlier in the list; in elements of that one. */
  readonly place?: { readonly parent: number; readonly offset: number; readonly stride: number }
}

/** An elementwise step applied to a step's result: native/core/fused.h. */
export interface FusedJson {
  readonly op: string
  /** The position among the step's inputs. */
  readonly operand?: number
  readonly attributes: Readonly<Record<string, number>>
}

export interface StepJson {
  readonly op: string
  readonly label: string
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  readonly attributes: Readonly<Record<string, number>>
  readonly fused?: readonly FusedJson[]
}

export interface ProgramJson {
  readonly symbols: readonly string[]
  readonly tensors: readonly TensorJson[]
  readonly steps: readonly StepJson[]
  readonly outputs: readonly number[]
}

/** Bytes of a file. */
export interface FileRange {
  readonly file: FileHandle
  readonly offset: number
  readonly length: number
}

/** 4-bit codes into a table, an absmax a block of consecutive elements: bitsandbytes' NF4 and FP4. */
export interface TableSource {
  readonly kind: 'table'
  readonly rows: number
  readonly cols: number
  /** Elements that share an absmax. */
  readonly blockSize: number
  readonly codes: FileRange
  /** float32, or with `nested` a byte a block. */
  readonly absmax: FileRange
  /** 16 float32 values. */
  readonly table: FileRange
  /** absmax = nested.absmax * nested.table[byte] + offset. */
  readonly nested?: {
    readonly absmax: FileRange
    /** 256 float32 values. */
    readonly table: FileRange
    readonly blockSize: number
    readonly offset: number
  }
}

/** Where a weight's numbers come from: native/quant/weight_source.h. */
export type WeightSource =
  | TableSource
  /** int8 codes [rows, cols] and float32 absmax [rows]: code * absmax / 127. */
  | {
      readonly kind: 'int8'
      readonly rows: number
      readonly cols: number
      readonly codes: FileRange
      readonly absmax: FileRange
    }
  | (FileRange & {
      readonly kind: 'file'
      /** 'F32', 'BF16', 'Q4_1', 'I8', ...: native/quant/source_type.h */
      readonly type: string
      readonly rows: number
      readonly cols: number
      /** Heads whose rows are stored in interleaved rotary order (GGUF's q and k); 0: rows as they are. */
      readonly ropeHeads: number
    })
  /** The arrays of a GPTQ checkpoint (native/quant/canonical.h), with zero points or float16 offsets. */
  | {
      readonly kind: 'gptq'
      readonly bits: 8 | 4 | 3 | 2
      readonly rows: number
      readonly cols: number
      readonly groupSize: number
      readonly qweight: FileRange
      readonly scales: FileRange & { readonly type: 'F16' | 'BF16' }
      readonly qzeros?: FileRange
      readonly offsets?: FileRange
      /** 'minus-one': as "gptq" (v1) stores them. */
      readonly zeroPoints: 'true' | 'minus-one'
      readonly gIdx?: FileRange
    }
  | ({ readonly kind: 'quantized' } & QuantizedLinear)
  /** [rows, cols] */
  | { readonly kind: 'array'; readonly values: Float32Array; readonly rows: number; readonly cols: number }
  /** [rows, cols], for the i8 target. */
  | { readonly kind: 'codes'; readonly values: Int8Array; readonly rows: number; readonly cols: number }
  | { readonly kind: 'random'; readonly seed: number; readonly rows: number; readonly cols: number }
  /** Plain values, for the values target. */
  | { readonly kind: 'values'; readonly values: Int32Array | Uint8Array | Int8Array }

/** What a weight becomes in memory. 'native': as stored; 'f32': the stored values, unquantized. */
export type WeightTarget =
  | { readonly kind: 'native' | 'f32' | 'f16' | 'bf16' }
  /** 4-bit codes into a table of 16 values, in blocks of 64 (native/quant/nf4.h); 8 bits with one scale a row (llm_int8.h). */
  | { readonly kind: 'nf4' | 'llm.int8' }
  | {
      readonly kind: 'integer'
      readonly bits: 8 | 4 | 2
      /** Columns that share a scale: 32, 64, 128, or -1 for the whole row. */
      readonly groupSize: number
      readonly symmetric: boolean
      readonly clip: 'none' | 'mse'
    }
  /**
   * Signed codes of convolutions without scales, for conv2d_u8 and its like: of a file of type I8, or U8 (minus 128), of
   * `codes`, or of an array of such integers. A tap is padded to a multiple of 4 columns; the columns are as many as
   * `tapCols` times the taps. Both a cell of the kernel's window and the whole window may be a tap:
   * native/kernels/convolution/integer.h.
   */
  | { readonly kind: 'i8'; readonly tapCols: number }
  /** A plain vector of float32 values: norm gains. */
  | { readonly kind: 'dense' }
  /** Plain values as they are: a column order, codes, a look-up table. */
  | { readonly kind: 'values' }

export interface WeightRequest {
  /** For error messages. */
  readonly name: string
  readonly source: WeightSource
  readonly target: WeightTarget
}

export interface WeightInfo {
  readonly handle: WeightHandle
  /** 'dense' or the panel format. */
  readonly format: 'dense' | 'f32' | 'f16' | 'bf16' | 'u8' | 'u4' | 'u2' | 'lut4' | 'i8'
  readonly rows: number
  readonly cols: number
  /** Columns over which integer dot products are summed: 16, 32 or 64; 0 where weights are multiplied as floats. */
  readonly unit: number
  readonly groupSize: number
  /** In memory. */
  readonly bytes: number
  /** As a file would hold it: codes, scales and zero points. */
  readonly bitsPerWeight: number
  /**
   * Where act-order scattered the columns of a group: column j in memory is column columnOrder[j] of the model, and the
   * layer's input must be gathered in this order. Absent: the model's own order.
   */
  readonly columnOrder?: Int32Array
}

export interface SessionOptions {
  readonly threads: number
  /** Force this ISA and what it builds on; absent: the best of the CPU. */
  readonly isa?: Isa
}

export interface TensorData {
  readonly tensor: number
  readonly data: Float32Array | Int32Array | Uint16Array | Uint8Array | Int8Array
}

export interface RunRequestJson {
  readonly symbols: readonly number[]
  readonly inputs: readonly TensorData[]
  /** Inputs are read where they lie. */
  readonly lent: boolean
  /** Outputs that go to arrays of the caller's, which must be left alone until the run is over. */
  readonly outputs: readonly TensorData[]
  readonly timings: boolean
}

export interface StepTiming {
  readonly step: number
  readonly kernel: string
  /** From the start of the run. */
  readonly startNs: number
  readonly durationNs: number
  /** Bytes that must move at least once. */
  readonly bytes: number
  /** A multiply-add counts two. */
  readonly operations: number
}

export interface RunResultJson {
  /** Of one that the request has an array for, `data` is empty. */
  readonly outputs: readonly { readonly shape: readonly number[]; readonly data: ArrayBuffer }[]
  readonly timings: readonly StepTiming[]
  /** First step to last. */
  readonly durationNs: number
}

export interface PlanJson {
  readonly arenaBytes: number
  /** One name a step. */
  readonly kernels: readonly string[]
}

/** Rates of `threads` threads at once, all told. 10^9 bytes or operations a second; a multiply-add counts two. */
export interface CeilingPoint {
  readonly threads: number
  /** Reading a buffer that no cache holds. */
  readonly dramGbPerS: number
  /** Reading 512 KiB a thread, again and again. */
  readonly cacheGbPerS: number
  /** Float multiply-adds. */
  readonly f32GopPerS: number
  /** Dot products of u8 codes and s8 activations, exact. */
  readonly int8GopPerS: number
}

/** What this machine can do at most with one instruction set, measured: native/cpu/ceilings.h. */
export interface Ceilings {
  readonly isa: Isa
  /** Of all the caches that the threads share out; 0 when the CPU does not say. */
  readonly lastLevelCacheBytes: number
  readonly dramBufferBytes: number
  /** 1, 2, 4, ... threads, the last being the number asked for. */
  readonly points: readonly CeilingPoint[]
}

export interface Addon extends DetectionFunctions, ImageFunctions, QuantFunctions, SolverFunctions {
  readonly apiVersion: number
  environment(): Environment
  ops(): OpDescription[]

  /** With the best usable ISA unless told. Takes about a second, most of it to fill a buffer that no cache holds. */
  measureCeilings(options: { threads: number; isa?: Isa }, onProgress?: Progress): Job<Ceilings>

  /** Maps a file read-only. Throws with the path and the system's reason. */
  openFile(path: string): FileHandle
  loadWeights(
    requests: readonly WeightRequest[],
    options: { threads: number },
    onProgress?: Progress,
  ): Job<WeightInfo[]>
  /** The values of any source but random ones and plain values, [rows, cols] in the model's order. */
  readMatrix(
    source: WeightSource,
    name: string,
    options: { threads: number },
    onProgress?: Progress,
  ): Job<Float32Array>
  /** Its memory is freed when no session uses it any more. */
  releaseWeight(weight: WeightHandle): void

  createSession(
    program: ProgramJson,
    constants: readonly { tensor: number; weight: WeightHandle }[],
    options: SessionOptions,
  ): SessionHandle
  runSession(session: SessionHandle, request: RunRequestJson, onProgress?: Progress): Job<RunResultJson>
  resetSession(session: SessionHandle): void
  /** A copy of a float32 state tensor's values. */
  readState(session: SessionHandle, tensor: number, into?: Float32Array): Float32Array
  planSession(session: SessionHandle, symbols: readonly number[]): PlanJson
  releaseSession(session: SessionHandle): void
}
