import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest'
import { ProgressLine } from '../../src/cli/progress.js'

let write: MockInstance<typeof process.stderr.write>
const terminal = process.stderr.isTTY
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  vi.stubEnv('CI', '')
  vi.stubEnv('TERM', 'xterm')
  write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  process.stderr.isTTY = terminal
})

function progress(isTTY: boolean): ProgressLine {
  process.stderr.isTTY = isTTY
  return new ProgressLine()
}

const written = () => write.mock.calls.map(([text]) => text)

describe('on a terminal', () => {
  test('rewrites one line, at most ten times a second, and takes it away', () => {
    const line = progress(true)
    line.update('scoring', 0, 1000)
    for (let done = 1; done <= 250; done++) {
      vi.advanceTimersByTime(10)
      line.update('scoring', done, 1000)
    }
    expect(written()).toHaveLength(26)
    expect(written()[0]).toBe('\r\x1b[Kscoring 0 %')
    expect(written().at(-1)).toBe('\r\x1b[Kscoring 25 %, 8 s left')
    line.clear()
    line.clear()
    expect(written()).toHaveLength(27)
    expect(written().at(-1)).toBe('\r\x1b[K')
  })

  test('a message stands on a line of its own', () => {
    const line = progress(true)
    line.update('scoring', 1, 2)
    line.say('warning: so it is')
    expect(written().slice(1)).toEqual(['\r\x1b[K', 'warning: so it is\n'])
  })

  test('estimates each stage by itself', () => {
    const line = progress(true)
    line.update('loading', 0, 10)
    vi.advanceTimersByTime(60_000)
    line.update('scoring', 0, 10)
    vi.advanceTimersByTime(2000)
    line.update('scoring', 5, 10)
    expect(written().at(-1)).toBe('\r\x1b[Kscoring 50 %, 2 s left')
  })
})

describe('elsewhere', () => {
  test('says nothing of a short job', () => {
    const line = progress(false)
    for (let done = 0; done <= 10; done++) {
      line.update('scoring', done, 10)
      vi.advanceTimersByTime(900)
    }
    line.clear()
    expect(written()).toEqual([])
  })

  test('writes a line every ten seconds of a long one', () => {
    const line = progress(false)
    for (let second = 0; second <= 35; second++) {
      line.update('scoring', second, 64)
      vi.advanceTimersByTime(1000)
    }
    line.clear()
    expect(written()).toEqual([
      'scoring 15 %, 54 s left\n',
      'scoring 31 %, 44 s left\n',
      'scoring 46 %, 34 s left\n',
    ])
  })

  test('so does a dumb terminal', () => {
    vi.stubEnv('TERM', 'dumb')
    const line = progress(true)
    line.update('scoring', 1, 2)
    expect(written()).toEqual([])
  })
})
