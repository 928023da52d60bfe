/** The demo as a newcomer runs it, twice at the same time: for people and as JSON. */
import { beforeAll, describe, expect, test } from 'vitest'
import { ended, start } from './command-line.js'

type Outcome = Awaited<ReturnType<typeof ended>>
let text: Outcome
let json: Outcome
beforeAll(async () => {
  const one = ['--threads', '1']
  const runs = [ended(start(['demo', ...one])), ended(start(['demo', '--json', ...one]))]
  ;[text, json] = (await Promise.all(runs)) as [Outcome, Outcome]
}, 180_000)

describe('qnative demo', () => {
  test('ends with one table, a sentence a precision, and what to try next', () => {
    expect(text.code).toBe(0)
    const end = text.stdout.slice(text.stdout.indexOf('5. What to conclude'))
    expect(end).toMatch(/^precision +size +right words +what it lost +reads +writes +large matrix$/m)
    for (const name of ['b?f\\d+', 'int8', 'int4', 'int2']) {
      expect(end).toMatch(
        new RegExp(`^${name} +[\\d.]+ [KM]iB +[\\d.]+ % .* [\\d.]+/s +[\\d.]+/s +[\\d.]+`, 'm'),
      )
      expect(end).toMatch(new RegExp(`^${name} +(is|keeps) .+\\.$`, 'm'))
    }
    expect(end).toMatch(/^ {2}npx qnative eval lambada --model .+ --bits 4,2 --group-size 32 --clip mse$/m)
  })

  test('shows the way there: inspect, eval, bench', () => {
    expect(text.stdout).toMatch(/^1\. The model: npx qnative inspect \S+llama$/m)
    expect(text.stdout).toMatch(
      /^2\. What it knows: npx qnative eval lambada --model \S+ --data \S+ --bits f32,8,4,2$/m,
    )
    expect(text.stdout).toMatch(/^3\. How fast it is: npx qnative bench$/m)
    expect(text.stdout).toMatch(
      /^4\. What it sees: npx qnative eval coco --model \S+model.tflite .* --precision f32,f16,dyn8,int8,w4,w2$/m,
    )
    expect(text.stdout).not.toMatch(/undefined|NaN|Infinity/)
  })

  test('keeps stderr for warnings', () => {
    const lines = text.stderr
      .split('\n')
      .filter((line) => line !== '' && !/^\w.* \d+ %(, \d+ \w+ left)?$/.test(line))
    expect(lines.filter((line) => !line.startsWith('warning: '))).toEqual([])
  })

  test('writes all of it as one JSON document', () => {
    expect(json.code).toBe(0)
    const document = JSON.parse(json.stdout)
    expect(Object.keys(document)).toEqual([
      'schemaVersion',
      'command',
      'environment',
      'inspection',
      'results',
      'models',
      'ceilings',
      'kernels',
      'detectors',
    ])
    expect(document).toMatchObject({ schemaVersion: 1, command: 'demo', environment: { threads: 1 } })
    expect(document.results.map(({ bits, n }: { bits: unknown; n: number }) => [bits, n])).toEqual([
      ['f32', 300],
      [8, 300],
      [4, 300],
      [2, 300],
    ])
    expect(document.results[0].acc).toBeGreaterThan(0.9)
    expect(document.models).toHaveLength(8)
    expect(document.detectors.map(({ precision }: { precision: string }) => precision)).toEqual([
      'f32',
      'f16',
      'dyn8',
      'int8',
      'w4',
      'w2',
    ])
    const ap = document.detectors.map(({ stats }: { stats: { AP: number } }) => stats.AP)
    expect(ap[0]).toBeGreaterThan(0.5)
    expect(Math.abs(ap[1] - ap[0])).toBeLessThan(0.002)
    expect(Math.abs(ap[3] - ap[0])).toBeLessThan(0.02)
    const linear = document.kernels.filter(({ op }: { op: string }) => op === 'linear')
    expect([...new Set(linear.map(({ bits }: { bits: unknown }) => bits))]).toEqual([
      expect.stringMatching(/^b?f\d+$/),
      8,
      4,
      2,
    ])
    // The text is of another run: what is no matter of speed is the same there.
    const [f32] = document.results
    expect(text.stdout).toContain(` ${(100 * f32.acc).toFixed(1)} % `)
  })
})
