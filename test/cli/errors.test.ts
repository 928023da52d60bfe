import { CommanderError } from 'commander'
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest'
import { report, UsageError } from '../../src/cli/errors.js'
import { addon } from '../../src/native/addon.js'
import { UnusableError } from '../../src/native/isa.js'
import { qnative } from './command-line.js'

describe('report', () => {
  let write: MockInstance<typeof process.stderr.write>
  beforeEach(() => {
    write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
  })
  const written = () => write.mock.calls.map(([text]) => text).join('')

  test.each([
    [new Error('it failed'), 1],
    [new UsageError('wrong'), 2],
    [new UnusableError('no such ISA'), 3],
    ['a string', 1],
  ])('%s: %i', (error, code) => {
    expect(report(error)).toBe(code)
    expect(written()).toBe(`error: ${error instanceof Error ? error.message : error}\n`)
  })

  test('is silent about what commander has said', () => {
    expect(report(new CommanderError(0, 'commander.help', 'help'))).toBe(0)
    expect(report(new CommanderError(1, 'commander.unknownOption', 'error: unknown option'))).toBe(2)
    expect(written()).toBe('')
  })

  test('says it in one line', () => {
    report(new Error('two\n  lines'))
    expect(written()).toBe('error: two lines\n')
  })

  test('names the file of a system error first', () => {
    const error = Object.assign(new Error("EACCES: permission denied, open 'secret'"), {
      code: 'EACCES',
      path: 'secret',
    })
    report(error)
    expect(written()).toBe('error: secret: permission denied\n')
  })

  test('adds the stack and the cause with QNATIVE_DEBUG', () => {
    vi.stubEnv('QNATIVE_DEBUG', '1')
    report(new Error('outer', { cause: new Error('inner') }))
    expect(written()).toMatch(/^error: outer\n.*errors\.test\.ts.*inner/s)
  })
})

describe('QNATIVE_ISA', () => {
  afterEach(() => {
    vi.unstubAllEnvs()
  })
  const command = ['run', '--model', 'm', '--tokens', '1', '--out', 'o']

  test('with an unknown name: 2', async () => {
    vi.stubEnv('QNATIVE_ISA', 'avx999')
    const { status, stderr } = await qnative(...command)
    expect(stderr).toMatch(/^error: QNATIVE_ISA: unknown ISA 'avx999' \(expected one of reference, .+\)\n$/)
    expect(status).toBe(2)
  })

  const absent = addon()
    .environment()
    .isas.find(({ usable }) => !usable)

  test.runIf(absent)('with one that this CPU lacks: 3', async () => {
    vi.stubEnv('QNATIVE_ISA', absent!.name)
    const { status, stderr } = await qnative(...command)
    expect(stderr).toBe(`error: ISA ${absent!.name} is not usable here: ${absent!.reason}\n`)
    expect(status).toBe(3)
    // The option comes before the variable.
    expect((await qnative(...command, '--isa', 'reference')).status).toBe(1)
  })
})
