import { expect, test } from 'vitest'
import type { Profile, ProfiledStep } from '../../src/bench/profile.js'
import { chromeTrace } from '../../src/bench/trace.js'

const step = (label: string, startNs: number, durationNs: number): ProfiledStep => ({
  op: 'linear',
  label,
  kernel: 'linear_f32_reference',
  startNs,
  durationNs,
  bytes: 4000,
  operations: 8000,
})

const profile: Profile = {
  model: 'model.gguf',
  bits: 4,
  head: 'int8',
  activations: 'f32',
  phases: [],
  kernels: [],
  runs: [
    {
      phase: 'prefill',
      tokens: 3,
      startNs: 1000,
      durationNs: 5000,
      steps: [step('a', 1000, 2000), step('b', 3500, 2500)],
    },
    { phase: 'decode', tokens: 1, startNs: 9000, durationNs: 1500, steps: [step('c', 9100, 1000)] },
  ],
}

test('a trace has a span a run and, inside it, a span a step, in microseconds', () => {
  const { traceEvents } = chromeTrace(profile)
  const spans = traceEvents.filter(({ ph }) => ph === 'X')
  expect(spans.map(({ name, ts, dur }) => [name, ts, dur])).toEqual([
    ['prefill 3 tokens', 1, 5],
    ['a', 1, 2],
    ['b', 3.5, 2.5],
    ['decode 1 token', 9, 1.5],
    ['c', 9.1, 1],
  ])
  expect(spans[1]).toMatchObject({
    cat: 'linear',
    args: { kernel: 'linear_f32_reference', bytes: 4000, operations: 8000, gbPerS: 2, gopPerS: 4 },
  })
})

test('process and thread are named', () => {
  const names = chromeTrace(profile).traceEvents.filter(({ ph }) => ph === 'M')
  expect(names.map(({ name, args }) => [name, args['name']])).toEqual([
    ['process_name', 'qnative model.gguf'],
    ['thread_name', 'steps'],
  ])
})
