import { describe, expect, test } from 'vitest'
import { packageJson } from '../../src/native/package.js'
import { qnative } from './command-line.js'

const commands = [
  ['demo'],
  ['inspect'],
  ['eval'],
  ['eval', 'lambada'],
  ['eval', 'perplexity'],
  ['compare'],
  ['bench'],
  ['profile'],
  ['generate'],
  ['run'],
  ['doctor'],
  ['build'],
]

test('--help lists every command in one line or two, and the exit codes', async () => {
  const { status, stdout, stderr } = await qnative('--help')
  expect(status).toBe(0)
  expect(stderr).toBe('')
  for (const [name] of commands) expect(stdout).toMatch(new RegExp(`^ {2}${name} +\\S.{20}`, 'm'))
  expect(stdout).toContain('Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not usable')
})

test('--version says the version of package.json', async () => {
  expect(await qnative('--version')).toEqual({ status: 0, stdout: `${packageJson.version}\n`, stderr: '' })
})

describe.each(commands.map((words) => words.join(' ')))('%s --help', (command) => {
  test('ends with examples of this command', async () => {
    const { status, stdout, stderr } = await qnative(...command.split(' '), '--help')
    expect(status).toBe(0)
    expect(stderr).toBe('')
    const examples = /^Examples:\n((?: {2}qnative .+\n)+)$/m.exec(stdout)?.[1]?.trimEnd().split('\n') ?? []
    expect(examples.length).toBeGreaterThanOrEqual(2)
    expect(examples.filter((line) => line.includes(`qnative ${command}`)).length).toBeGreaterThan(0)
  })
})

test.each(['eval lambada', 'eval perplexity', 'bench', 'profile', 'generate', 'run', 'demo'])(
  '%s takes --threads and --isa, and names the variable of the latter',
  async (command) => {
    const { stdout } = await qnative(...command.split(' '), '--help')
    expect(stdout).toMatch(/--threads <n> /)
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/--isa <name> .*env: QNATIVE_ISA/)
  },
)

test.each(['eval lambada', 'eval perplexity', 'profile', 'generate', 'run'])(
  '%s shows its defaults',
  async (command) => {
    const help = (await qnative(...command.split(' '), '--help')).stdout.replaceAll(/\s+/g, ' ')
    expect(help).toMatch(/--bits .*\(default: "?native"?\)/)
    expect(help).toMatch(/--group-size .*\(default: 64\)/)
    expect(help).toMatch(/--activations .*default: "f32"/)
  },
)

describe('wrong usage ends in one line on stderr and 2', () => {
  test.each([
    ['evla', "unknown command 'evla' (Did you mean eval?)"],
    ['eval lambda', "unknown command 'lambda' (Did you mean lambada?)"],
    ['eval lambada --data d', "required option '--model <path>' not specified"],
    ['eval lambada --model m', "required option '--data <file>' not specified"],
    ['eval lambada --model m --data d --bit 4', "unknown option '--bit' (Did you mean --bits?)"],
    [
      'eval lambada --model m --data d --bits 3',
      "'3' is invalid. Expected native, f32, 8, 4, 2, nf4, llm.int8",
    ],
    ['eval lambada --model m --data d --bits 8,,4', "got ''"],
    ['eval lambada --model m --data d --group-size 48', 'Expected 32, 64, 128 or -1'],
    ['eval lambada --model m --data d --method magic', 'Allowed choices are rtn, gptq, best'],
    ['eval lambada --model m --data d --clip max', 'Allowed choices are none, mse'],
    ['eval lambada --model m --data d --head int4', 'Allowed choices are native, f32, f16, int8'],
    ['eval lambada --model m --data d --limit 0', 'Expected a whole number of 1 or more'],
    ['eval lambada --model m --data d --rows', '--rows needs --json'],
    ['eval lambada --model m --data d --bits f32 --activations int8', 'exclude each other'],
    ['eval lambada --model m --data d --bits 4,f32 --activations int8', 'exclude each other'],
    [
      'eval lambada --model m --data d --isa avx999',
      "--isa: unknown ISA 'avx999' (expected one of reference",
    ],
    ['eval lambada --model m --data d --threads 1.5', 'Expected a whole number'],
    ['eval lambada --model m --data d --threads 100000', 'Expected at most 1024'],
    ['eval perplexity --model m', "required option '--text <file>' not specified"],
    ['eval perplexity --model m --text t --stride 0', 'Expected a whole number of 1 or more'],
    ['eval perplexity --model m --text t --sequence-length 4 --stride 5', '--stride 5: expected at most'],
    ['compare a.json', "missing required argument 'run_b'"],
    ['run --model m --tokens 1,-2 --out o', "got '-2'"],
    ['run --model m --tokens 1,two --out o', "got 'two'"],
    ['run --model m --tokens 1 --out o --bits 8,4', "got '8,4'"],
    ['run --model m --tokens 1', "required option '--out <folder>' not specified"],
    ['generate --model m', "required option '--prompt <text>' not specified"],
    ['generate --model m --prompt p --top-p 1.5 --temperature 1', 'Expected more than 0 and at most 1'],
    ['generate --model m --prompt p --top-k 5', 'need a --temperature above 0'],
    ['generate --model m --prompt p --bits f32 --activations int8', 'exclude each other'],
    ['inspect', "missing required argument 'path'"],
    ['inspect a b', 'too many arguments'],
  ])('%s', async (line, message) => {
    const { status, stdout, stderr } = await qnative(...line.split(' '))
    expect(stderr).toMatch(/^error: .+\n$/)
    expect(stderr).toContain(message)
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })

  test('a missing command shows the help, on stderr', async () => {
    const { status, stdout, stderr } = await qnative()
    expect(stderr).toContain('Usage: qnative <command>')
    expect(stdout).toBe('')
    expect(status).toBe(2)
  })
})
