import type { Activations } from '../models/llama/program.js'
import { addon } from '../native/addon.js'
import type { Isa, WeightInfo } from '../native/face.js'
import { loadWeights } from '../native/weight.js'
import {
  type Bound,
  type Ceilings,
  ceilingPoint,
  higherCeilings,
  measureCeilings,
  roofline,
  type Work,
} from './ceilings.js'
import { type KernelCase, type WeightBits, weightTarget } from './kernel-case.js'
import { CHECKED_OUTPUTS, embedCase, linearCase, matrixShapes, weightlessCases } from './kernel-cases.js'
import { maxRelativeError } from './kernel-error.js'
import { type KernelTimes, type SamplingGoal, type SessionSettings, timeKernel } from './kernel-timing.js'
import type { LlamaShape } from './presets.js'
import { median, medianAbsoluteDeviation } from './statistics.js'

export interface KernelBenchOptions {
  /** One of `presets`, or a model's config. */
  readonly shape: LlamaShape
  /** Default 8, 4, 2. */
  readonly bits?: readonly WeightBits[]
  /** Inputs of integer linear layers. Default f32 and int8. */
  readonly activations?: readonly Activations[]
  /** Tokens a call: 1 is decoding, many are a prompt. Default 1, 512. */
  readonly tokens?: readonly number[]
  /** cold: weights come from memory, as they do in a model that no cache holds; hot: from cache. Default cold. */
  readonly weights?: 'cold' | 'hot'
  readonly threads: number
  readonly isa?: Isa | undefined
  /** Sampling stops when the relative error of the median is at most this. Default 0.02. */
  readonly noise?: number
  /** Seconds after which sampling of one kernel stops in any case. Default 0.25. */
  readonly seconds?: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** One kernel at one shape. */
export interface KernelResult {
  readonly op: string
  readonly kernel: string
  /** The kernel's own; where an instruction set has none for an op, that of the next simpler one ran. */
  readonly isa: Isa
  readonly bits: WeightBits | null
  readonly activations: Activations | null
  /** Tokens. */
  readonly m: number
  /** Columns of the result (argmax, log_softmax_select: of the logits). */
  readonly n: number
  /** Columns that are summed over; attention: keys of the last token. */
  readonly k: number | null
  readonly medianNs: number
  /** Median absolute deviation. */
  readonly madNs: number
  readonly minNs: number
  readonly samplesNs: readonly number[]
  /** At the median: bytes that must move at least once. */
  readonly gbPerS: number
  /** At the median; a multiply-add counts two. */
  readonly gopPerS: number
  /** At the median, of what `bound` names. */
  readonly percentOfCeiling: number
  readonly bound: Bound
  /** max |y - reference| / max |reference|: the first outputs of the first, the middle and the last token. */
  readonly maxRelError: number
  /** Where in the model the shape occurs. */
  readonly layers: string
  /** Where the operands were: what percentOfCeiling takes for the memory's ceiling. */
  readonly source: 'dram' | 'cache'
  /** Relative error of the median, 95 %; null when there were too few samples to tell. */
  readonly medianError: number | null
  /** Whether sampling stopped because the noise was low enough or because the time was up. */
  readonly stoppedBy: 'noise' | 'time'
}

export interface KernelBench {
  /** percentOfCeiling is of the higher of the two. */
  readonly ceilings: { readonly start: Ceilings; readonly end: Ceilings }
  readonly results: readonly KernelResult[]
}

const SEED = 1
/** Of last-level cache, for a CPU that does not say: more than most have. */
const ASSUMED_CACHE = 64 * 2 ** 20
/** So many times the last-level cache is read between two uses of the same weights. */
const COLD_FACTOR = 4

/**
 * Times every kernel of a Llama at its shapes, on random weights: no model is needed, and no more than one matrix (or
 * four times the last-level cache) is in memory at a time.
 */
export async function benchKernels(options: KernelBenchOptions): Promise<KernelBench> {
  const { threads, isa, signal } = options
  const start = await measureCeilings({ threads, isa, signal })
  const bench = new Bench(options, start)
  const timed = await bench.run()
  const end = await measureCeilings({ threads, isa, signal })
  const ceiling = higherCeilings(ceilingPoint(start), ceilingPoint(end))
  return {
    ceilings: { start, end },
    results: timed.map(({ kernelCase, times, work, maxRelError }): KernelResult => {
      const { op, bits, activations, m, n, k, layers } = kernelCase
      const { kernel, samplesNs, medianError, stoppedBy } = times
      const medianNs = median(samplesNs)
      return {
        op,
        kernel,
        isa: bench.isaOf(kernel),
        bits,
        activations,
        m,
        n,
        k,
        medianNs,
        madNs: medianAbsoluteDeviation(samplesNs),
        minNs: samplesNs.reduce((least, sample) => Math.min(least, sample)),
        samplesNs,
        gbPerS: work.bytes / medianNs,
        gopPerS: work.operations / medianNs,
        ...roofline(work, medianNs, ceiling),
        maxRelError,
        layers,
        source: work.source,
        medianError,
        stoppedBy,
      }
    }),
  }
}

interface TimedCase {
  readonly kernelCase: KernelCase
  readonly times: KernelTimes
  readonly work: Work
  readonly maxRelError: number
}

class Bench {
  readonly #options: KernelBenchOptions
  readonly #settings: SessionSettings
  readonly #goal: SamplingGoal
  readonly #cacheBytes: number
  readonly #isas: ReadonlyMap<string, Isa>
  readonly #timed: TimedCase[] = []
  #total = 0

  constructor(options: KernelBenchOptions, ceilings: Ceilings) {
    this.#options = options
    this.#settings = { threads: options.threads, isa: options.isa }
    this.#goal = { noise: options.noise ?? 0.02, seconds: options.seconds ?? 0.25 }
    this.#cacheBytes = ceilings.lastLevelCacheBytes || ASSUMED_CACHE
    this.#isas = new Map(
      addon()
        .ops()
        .flatMap(({ kernels }) => kernels.map(({ name, isa }) => [name, isa] as const)),
    )
  }

  isaOf(kernel: string): Isa {
    return this.#isas.get(kernel)!
  }

  async run(): Promise<readonly TimedCase[]> {
    const { shape, bits = [8, 4, 2], tokens = [1, 512], activations = ['f32', 'int8'] } = this.#options
    const matrices = matrixShapes(shape)
    const groups = bits.flatMap((width) => {
      const modes = activations.filter((mode) => mode === 'f32' || typeof width === 'number')
      return [
        ...matrices.map((matrix) =>
          tokens.flatMap((t) => modes.map((mode) => linearCase(matrix, width, mode, t))),
        ),
        tokens.map((t) => embedCase(shape, width, t)),
      ]
    })
    const weightless = tokens.flatMap((t) => weightlessCases(shape, t, activations))
    this.#total = groups.reduce((sum, group) => sum + group.length, 0) + weightless.length
    this.#report()
    for (const group of groups) await this.#timeGroup(group)
    for (const kernelCase of weightless) await this.#timeOne(kernelCase, [], undefined)
    return this.#timed
  }

  /** Cases that share a matrix. */
  async #timeGroup(cases: readonly KernelCase[]): Promise<void> {
    const weights: WeightInfo[] = []
    try {
      const first = cases[0]
      if (!first?.weight || first.bits === null) return
      const { rows, cols } = first.weight
      weights.push(...(await this.#randomWeights(first.bits, rows, cols, SEED, 1)))
      // The first rows of the same matrix, since every panel's numbers depend on the seed and its place alone.
      const checked = Math.min(rows, CHECKED_OUTPUTS)
      const [reference] = await this.#randomWeights(first.bits, checked, cols, SEED, 1)
      try {
        // An embedding reads a few rows of its table: rotating whole tables would not make those any colder.
        const cold = this.#isCold(first)
        const copies = cold ? Math.ceil((COLD_FACTOR * this.#cacheBytes) / weights[0]!.bytes) : 1
        if (copies > 1)
          weights.push(...(await this.#randomWeights(first.bits, rows, cols, SEED + 1, copies - 1)))
        for (const kernelCase of cases) await this.#timeOne(kernelCase, weights, reference)
      } finally {
        addon().releaseWeight(reference!.handle)
      }
    } finally {
      for (const weight of weights) addon().releaseWeight(weight.handle)
    }
  }

  async #timeOne(
    kernelCase: KernelCase,
    weights: readonly WeightInfo[],
    reference: WeightInfo | undefined,
  ): Promise<void> {
    const { signal } = this.#options
    const constants = await this.#constants(kernelCase)
    try {
      const maxRelError = await maxRelativeError(kernelCase, weights[0], reference, constants, this.#settings)
      const times = await timeKernel(kernelCase, weights, constants, this.#settings, this.#goal, { signal })
      const { bytes, operations } = times
      const source = this.#isCold(kernelCase) || bytes > this.#cacheBytes ? 'dram' : 'cache'
      const arithmetic = kernelCase.activations === 'int8' ? 'int8' : 'f32'
      this.#timed.push({ kernelCase, times, work: { bytes, source, operations, arithmetic }, maxRelError })
      this.#report()
    } finally {
      for (const { handle } of constants.values()) addon().releaseWeight(handle)
    }
  }

  #isCold({ op }: KernelCase): boolean {
    return op === 'linear' && this.#options.weights !== 'hot'
  }

  #randomWeights(
    bits: WeightBits,
    rows: number,
    cols: number,
    seed: number,
    copies: number,
  ): Promise<WeightInfo[]> {
    const target = weightTarget(bits)
    const requests = Array.from({ length: copies }, (_, i) => ({
      name: `random ${rows} x ${cols}`,
      source: { kind: 'random' as const, seed: seed + i, rows, cols },
      target,
    }))
    return loadWeights(requests, this.#options.threads, { signal: this.#options.signal })
  }

  async #constants({ constants }: KernelCase): Promise<Map<string, WeightInfo>> {
    const requests = Object.entries(constants).map(([name, values]) => ({
      name,
      source: { kind: 'array' as const, values, rows: 1, cols: values.length },
      target: { kind: 'dense' as const },
    }))
    const infos = await loadWeights(requests, this.#options.threads, { signal: this.#options.signal })
    return new Map(infos.map((info, i) => [requests[i]!.name, info]))
  }

  #report(): void {
    this.#options.onProgress?.(this.#timed.length, this.#total)
  }
}
