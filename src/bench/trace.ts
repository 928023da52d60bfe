import type { Profile } from './profile.js'

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
const TID = 1

/**
 * A profile as a document that https://ui.perfetto.dev and chrome://tracing open (the JSON of Google's "Trace Event
 * Format"): a span a run, and within it a span a step, in the order of their start.
 */
export function chromeTrace(profile: Profile): { displayTimeUnit: 'ns'; traceEvents: TraceEvent[] } {
  const names: TraceEvent[] = [
    { name: 'process_name', ph: 'M', pid: PID, tid: TID, args: { name: `qnative ${profile.model}` } },
    { name: 'thread_name', ph: 'M', pid: PID, tid: TID, args: { name: 'steps' } },
  ]
  const spans = profile.runs.flatMap((run): TraceEvent[] => [
    {
      name: `${run.phase} ${run.tokens} ${run.tokens === 1 ? 'token' : 'tokens'}`,
      cat: 'run',
      ...span(run.startNs, run.durationNs),
      args: { tokens: run.tokens },
    },
    ...run.steps.map(
      (step): TraceEvent => ({
        name: step.label,
        cat: step.op,
        ...span(step.startNs, step.durationNs),
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
  ])
  return { displayTimeUnit: 'ns', traceEvents: [...names, ...spans] }
}

function span(startNs: number, durationNs: number) {
  return { ph: 'X' as const, pid: PID, tid: TID, ts: startNs / 1000, dur: durationNs / 1000 }
}
