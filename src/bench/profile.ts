import type { LlamaCheckpoint } from '../models/llama/checkpoint.js'
import { checkTokens } from '../models/llama/generate.js'
import { Llama } from '../models/llama/model.js'
import type { HeadType, LlamaBits, LlamaPrecision } from '../models/llama/precision.js'
import { type Activations, KV_BLOCK } from '../models/llama/program.js'
import type { Isa } from '../native/face.js'
import type { Session } from '../native/session.js'
import { median } from './statistics.js'

export type Phase = 'prefill' | 'decode'

export interface ProfileOptions {
  readonly checkpoint: LlamaCheckpoint
  /** Ids of the prompt, which is run at once. */
  readonly tokens: readonly number[]
  /** Tokens that are then decoded one by one, each the likeliest. Default 0. */
  readonly decode?: number
  readonly precision: LlamaPrecision
  readonly activations: Activations
  readonly threads: number
  readonly isa?: Isa | undefined
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((stage: 'load' | 'run', done: number, total: number) => void) | undefined
}

/** One step of one run. */
export interface ProfiledStep {
  readonly op: string
  /** Where in the model: "blocks.3.mlp.down". */
  readonly label: string
  readonly kernel: string
  /** From the start of the profile. */
  readonly startNs: number
  readonly durationNs: number
  readonly bytes: number
  readonly operations: number
}

/** One run of the program: the prompt, or a decoded token. */
export interface ProfiledRun {
  readonly phase: Phase
  readonly tokens: number
  readonly startNs: number
  readonly durationNs: number
  readonly steps: readonly ProfiledStep[]
}

/** All calls of one kernel in one phase. */
export interface KernelProfile {
  readonly phase: Phase
  readonly op: string
  readonly kernel: string
  readonly calls: number
  readonly totalNs: number
  /** Of the phase's time, 0 to 1. */
  readonly share: number
  /** Of one call. */
  readonly medianNs: number
  /** Over all calls. */
  readonly gbPerS: number
  /** Over all calls; a multiply-add counts two. */
  readonly gopPerS: number
}

export interface PhaseProfile {
  readonly phase: Phase
  readonly runs: number
  readonly tokens: number
  readonly totalNs: number
  readonly tokensPerSecond: number
  /** Of the phase's time, 0 to 1: between the steps. */
  readonly overhead: number
}

export interface Profile {
  readonly model: string
  readonly bits: LlamaBits
  readonly head: HeadType
  readonly activations: Activations
  readonly phases: readonly PhaseProfile[]
  /** The most expensive first, phase by phase. */
  readonly kernels: readonly KernelProfile[]
  readonly runs: readonly ProfiledRun[]
}

/**
 * Runs a real model with every step timed. The prompt is run once before, untimed, so that memory has been touched and
 * threads are awake.
 * @throws RangeError when the tokens do not fit into the context, or one is outside the vocabulary
 */
export async function profileModel(options: ProfileOptions): Promise<Profile> {
  const { checkpoint, tokens, decode = 0, precision, activations, threads, isa, signal } = options
  const { vocabSize, contextLength } = checkpoint.config
  checkTokens(tokens, vocabSize)
  const length = tokens.length + decode
  if (length > contextLength) {
    throw new RangeError(
      `${tokens.length} tokens and ${decode} decoded ones are more than the model's context of ${contextLength}`,
    )
  }
  const model = await Llama.load(checkpoint, {
    precision,
    activations,
    threads,
    isa,
    signal,
    onProgress: (done, total) => options.onProgress?.('load', done, total),
  })
  try {
    const blocks = Math.ceil(length / KV_BLOCK)
    const session = model.session({
      cache: { kind: 'state', blocks, dtype: 'f32' },
      result: { kind: 'logits' },
    })
    try {
      const runs = await new Profiler(model, session, options).run()
      const phases = [...new Set(runs.map(({ phase }) => phase))]
      return {
        model: checkpoint.path,
        bits: precision.bits,
        head: precision.head,
        activations: model.activations,
        phases: phases.map((phase) => phaseProfile(phase, runs)),
        kernels: phases.flatMap((phase) => kernelProfiles(phase, runs)),
        runs,
      }
    } finally {
      session.close()
    }
  } finally {
    model.close()
  }
}

class Profiler {
  readonly #model: Llama
  readonly #session: Session
  readonly #options: ProfileOptions
  readonly #runs: ProfiledRun[] = []
  #origin = 0

  constructor(model: Llama, session: Session, options: ProfileOptions) {
    this.#model = model
    this.#session = session
    this.#options = options
  }

  async run(): Promise<ProfiledRun[]> {
    const { tokens, decode = 0 } = this.#options
    await this.#step('prefill', tokens, 0, false)
    this.#origin = performance.now()
    let next = await this.#step('prefill', tokens, 0, true)
    for (let i = 0; i < decode; i++) {
      this.#options.onProgress?.('run', i, decode)
      next = await this.#step('decode', [next], tokens.length + i, true)
    }
    return this.#runs
  }

  /** @returns the likeliest next token */
  async #step(phase: Phase, tokens: readonly number[], before: number, timings: boolean): Promise<number> {
    const { symbols, inputs } = this.#model.batcher.pack([
      { tokens, rows: [tokens.length - 1], before, firstSlot: 0 },
    ])
    const startNs = Math.round((performance.now() - this.#origin) * 1e6)
    const result = await this.#session.run(symbols, inputs, { timings, signal: this.#options.signal })
    if (timings) {
      const { steps } = this.#session.program
      this.#runs.push({
        phase,
        tokens: tokens.length,
        startNs,
        durationNs: result.durationNs,
        steps: result.timings.map(({ step, kernel, startNs: offset, durationNs, bytes, operations }) => {
          const { op, label } = steps[step]!
          return { op, label, kernel, startNs: startNs + offset, durationNs, bytes, operations }
        }),
      })
    }
    const logits = result.outputs['logits']!.data as Float32Array
    return logits.indexOf(logits.reduce((max, value) => Math.max(max, value), Number.NEGATIVE_INFINITY))
  }
}

function phaseProfile(phase: Phase, all: readonly ProfiledRun[]): PhaseProfile {
  const runs = all.filter((run) => run.phase === phase)
  const totalNs = sum(runs, (run) => run.durationNs)
  const tokens = sum(runs, (run) => run.tokens)
  const stepNs = sum(runs, (run) => sum(run.steps, (step) => step.durationNs))
  return {
    phase,
    runs: runs.length,
    tokens,
    totalNs,
    tokensPerSecond: tokens / (totalNs / 1e9),
    overhead: (totalNs - stepNs) / totalNs,
  }
}

function kernelProfiles(phase: Phase, all: readonly ProfiledRun[]): KernelProfile[] {
  const runs = all.filter((run) => run.phase === phase)
  const phaseNs = sum(runs, (run) => run.durationNs)
  const byKernel = new Map<string, ProfiledStep[]>()
  for (const step of runs.flatMap((run) => run.steps)) {
    const known = byKernel.get(step.kernel)
    if (known) known.push(step)
    else byKernel.set(step.kernel, [step])
  }
  return [...byKernel]
    .map(([kernel, steps]) => {
      const totalNs = sum(steps, (step) => step.durationNs)
      return {
        phase,
        op: steps[0]!.op,
        kernel,
        calls: steps.length,
        totalNs,
        share: totalNs / phaseNs,
        medianNs: median(steps.map((step) => step.durationNs)),
        gbPerS: sum(steps, (step) => step.bytes) / totalNs,
        gopPerS: sum(steps, (step) => step.operations) / totalNs,
      }
    })
    .sort((a, b) => b.totalNs - a.totalNs)
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}
