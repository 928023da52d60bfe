import type { DetectorBench } from './detectors/bench-detector.js'
import type { Profile, ProfiledStep } from './profile.js'

/** An event of the Trace Event Format: "X" is a span, "M" names a process or a thread. Times in microseconds. */
export interface TraceEvent {
  readonly name: string
  readonly ph: 'X' | 'M'
  readonly pid: number
  readonly tid: number
  readonly cat?: string
  readonly ts?: number
  readonly dur?: number
  readonly args: Readonly<Record<string, string | number>>
}

const PID = 1
const FIRST_THREAD = 1

/** Spans of one kind of work, one after another. */
interface TraceRun {
  readonly name: string
  readonly args: TraceEvent['args']
  readonly startNs: number
  readonly durationNs: number
  readonly steps: readonly ProfiledStep[]
}

export interface Trace {
  readonly displayTimeUnit: 'ns'
  readonly traceEvents: TraceEvent[]
}

/**
 * A profile as a document that https://ui.perfetto.dev and chrome://tracing open (the JSON of Google's "Trace Event
 * Format"): a span a run, and within it a span a step, in the order of their start.
 */
export function chromeTrace({ model, runs }: Profile): Trace {
  return traceOf(model, [
    runs.map((run) => ({
      ...run,
      name: `${run.phase} ${run.tokens} ${run.tokens === 1 ? 'token' : 'tokens'}`,
      args: { tokens: run.tokens },
    })),
  ])
}

/** The same of a detector: a thread a precision and type of activations, a span an image. */
export function detectorTrace(model: string, { runs }: DetectorBench): Trace {
  return traceOf(
    model,
    runs.map(({ precision, activations, images }) =>
      images.map((image, i) => ({
        ...image,
        name: `image ${i + 1}, ${precision}`,
        args: { precision, ...(activations && { activations }) },
      })),
    ),
    runs.map(({ precision, activations }) =>
      activations ? `${precision}, ${activations} activations` : precision,
    ),
  )
}

function traceOf(
  model: string,
  threads: readonly (readonly TraceRun[])[],
  names: readonly string[] = ['steps'],
): Trace {
  const metadata: TraceEvent[] = [
    { name: 'process_name', ph: 'M', pid: PID, tid: FIRST_THREAD, args: { name: `qnative ${model}` } },
    ...names.map(
      (name, i): TraceEvent => ({
        name: 'thread_name',
        ph: 'M',
        pid: PID,
        tid: FIRST_THREAD + i,
        args: { name },
      }),
    ),
  ]
  const spans = threads.flatMap((runs, i) => runs.flatMap((run) => runEvents(run, FIRST_THREAD + i)))
  return { displayTimeUnit: 'ns', traceEvents: [...metadata, ...spans] }
}

function runEvents({ name, args, startNs, durationNs, steps }: TraceRun, tid: number): TraceEvent[] {
  return [
    { name, cat: 'run', ...span(startNs, durationNs, tid), args },
    ...steps.map(
      (step): TraceEvent => ({
        name: step.label,
        cat: step.op,
        ...span(step.startNs, step.durationNs, tid),
        args: {
          op: step.op,
          kernel: step.kernel,
          bytes: step.bytes,
          operations: step.operations,
          gbPerS: step.bytes / Math.max(step.durationNs, 1),
          gopPerS: step.operations / Math.max(step.durationNs, 1),
        },
      }),
    ),
  ]
}

function span(startNs: number, durationNs: number, tid: number) {
  return { ph: 'X' as const, pid: PID, tid, ts: startNs / 1000, dur: durationNs / 1000 }
}
