// Times one case: programs that repeat one op, step by step over different weights, and the times of those steps.
import type { Isa, WeightInfo } from '../native/face.js'
import type { JobOptions } from '../native/job.js'
import { Session } from '../native/session.js'
import { ProgramBuilder } from '../program/builder.js'
import type { KernelCase } from './kernel-case.js'
import { MIN_SAMPLES, median, medianRelativeError } from './statistics.js'

export interface SessionSettings {
  readonly threads: number
  readonly isa: Isa | undefined
}

/** When to stop. */
export interface SamplingGoal {
  /** Enough, once the relative error of the median (95 %) is at most this. */
  readonly noise: number
  /** Enough in any case. */
  readonly seconds: number
}

export interface KernelTimes {
  readonly kernel: string
  readonly samplesNs: readonly number[]
  /** Relative, at 95 %; null for too few samples to tell. */
  readonly medianError: number | null
  /** Whether the noise goal was met, or the time was up. */
  readonly stoppedBy: 'noise' | 'time'
  /** Of one call. */
  readonly bytes: number
  readonly operations: number
}

/** A run ought to be so long: short enough to look at the goal often, long enough for starting it not to matter. */
const RUN_NS = 20e6
/** The first step of a run wakes the threads and touches new memory, so that it is no sample. */
const WARM_UP_STEPS = 1
const FIRST_STEPS = 3
const MAX_STEPS = 256
/** The fewest samples that may count as quiet: a handful of equal ones may be luck. */
const MIN_QUIET_SAMPLES = 2 * MIN_SAMPLES

/**
 * @param weights copies to rotate over, the same for every case of the same matrix; empty if the op reads none
 * @param constants the case's other constants, loaded
 */
export async function timeKernel(
  kernelCase: KernelCase,
  weights: readonly WeightInfo[],
  constants: ReadonlyMap<string, WeightInfo>,
  settings: SessionSettings,
  goal: SamplingGoal,
  options: JobOptions = {},
): Promise<KernelTimes> {
  const start = performance.now()
  const samplesNs: number[] = []
  const rotation = new Rotation(kernelCase, weights, constants, settings)
  try {
    let steps = FIRST_STEPS
    for (;;) {
      const timings = await rotation.run(steps, options)
      const measured = timings.slice(WARM_UP_STEPS)
      samplesNs.push(...measured.map((timing) => timing.durationNs))
      const medianError = medianRelativeError(samplesNs)
      const quiet = samplesNs.length >= MIN_QUIET_SAMPLES && medianError <= goal.noise
      if (quiet || performance.now() - start >= goal.seconds * 1000) {
        const { kernel, bytes, operations } = measured[0]!
        return {
          kernel,
          samplesNs,
          medianError: Number.isFinite(medianError) ? medianError : null,
          stoppedBy: quiet ? 'noise' : 'time',
          bytes,
          operations,
        }
      }
      steps = Math.min(Math.max(Math.round(RUN_NS / median(samplesNs)), FIRST_STEPS), MAX_STEPS)
    }
  } finally {
    rotation.close()
  }
}

/** Runs of so many steps each that go on through the weights where the last run stopped. */
class Rotation {
  readonly #case: KernelCase
  readonly #weights: readonly WeightInfo[]
  readonly #constants: ReadonlyMap<string, WeightInfo>
  readonly #settings: SessionSettings
  #next = 0
  #session: { readonly session: Session; readonly steps: number; readonly first: number } | undefined

  constructor(
    kernelCase: KernelCase,
    weights: readonly WeightInfo[],
    constants: ReadonlyMap<string, WeightInfo>,
    settings: SessionSettings,
  ) {
    this.#case = kernelCase
    this.#weights = weights
    this.#constants = constants
    this.#settings = settings
  }

  async run(steps: number, options: JobOptions) {
    const session = this.#sessionOf(steps)
    const { symbols, inputs } = this.#case.binding
    const { timings } = await session.run(symbols, inputs, { ...options, timings: true })
    return timings.filter(({ step }) => session.program.steps[step]!.op === this.#case.op)
  }

  close(): void {
    this.#session?.session.close()
    this.#session = undefined
  }

  /** The last session again, if it would be the same one. */
  #sessionOf(steps: number): Session {
    const count = this.#weights.length
    const first = this.#next
    if (count > 0) this.#next = (first + steps) % count
    if (this.#session?.steps === steps && this.#session.first === first) return this.#session.session
    this.close()
    const session = this.#make(steps, first)
    this.#session = { session, steps, first }
    return session
  }

  #make(steps: number, first: number): Session {
    const p = new ProgramBuilder(...Object.keys(this.#case.binding.symbols))
    const handles = new Map([...this.#constants].map(([name, info]) => [name, info.handle]))
    const step = this.#case.build(p, this.#weights[0]?.unit ?? 0)
    const count = this.#weights.length
    const tensors = Array.from({ length: Math.min(count, steps) }, (_, i) => {
      const info = this.#weights[(first + i) % count]!
      handles.set(`weight ${i}`, info.handle)
      return p.weight(`weight ${i}`, info.rows, info.cols)
    })
    for (let i = 0; i < steps; i++) step(tensors[i % tensors.length])
    return new Session(p.build(), handles, this.#settings)
  }
}
