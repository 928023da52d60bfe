import { Command } from 'commander'
import { packageJson } from '../native/package.js'
import { type ExitCode, report } from './errors.js'

interface Entry {
  /** One line in the list of commands; the command's own help says more. */
  readonly summary: string
  load(): Promise<Command>
}

const commands: Readonly<Record<string, Entry>> = {
  demo: {
    summary: 'start here: quantize, score and time a small model that comes with qnative',
    load: async () => (await import('./demo.js')).demoCommand(),
  },
  inspect: {
    summary: 'show what is in a model file: configuration, tokenizer, tensors',
    load: async () => (await import('./inspect.js')).inspectCommand(),
  },
  eval: {
    summary: 'score a model at several precisions (LAMBADA, perplexity, COCO)',
    load: async () => (await import('./eval.js')).evalCommand(),
  },
  detect: {
    summary: 'find objects in images and draw them',
    load: async () => (await import('./detect.js')).detectCommand(),
  },
  compare: {
    summary: 'say which differences between two scored runs are real',
    load: async () => (await import('./compare.js')).compareCommand(),
  },
  quantize: {
    summary: 'quantize a model by round-to-nearest, GPTQ or better, and write it as a checkpoint',
    load: async () => (await import('./quantize.js')).quantizeCommand(),
  },
  bench: {
    summary: 'time every kernel against the limits of this machine',
    load: async () => (await import('./bench.js')).benchCommand(),
  },
  profile: {
    summary: 'run a model with every step timed: where does the time go?',
    load: async () => (await import('./profile.js')).profileCommand(),
  },
  generate: {
    summary: 'let a model continue a text',
    load: async () => (await import('./generate.js')).generateCommand(),
  },
  run: {
    summary: 'run a model once, a network on .npy files or a Llama on token ids, and write what it gives',
    load: async () => (await import('./run.js')).runCommand(),
  },
  doctor: {
    summary: 'say what was found on this machine, what is used of it, and why not more',
    load: async () => (await import('./doctor.js')).doctorCommand(),
  },
  build: {
    summary: 'compile the native addon, where no compiled one fits',
    load: async () => (await import('./build.js')).buildCommand(),
  },
}

/** Runs a command line (without node and the script) and returns its exit code; errors are on stderr by then. */
export async function runCommandLine(args: readonly string[]): Promise<ExitCode> {
  try {
    const program = await createProgram(args)
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    return report(error)
  }
}

/** Only the command that is asked for is imported, so that --help and a typing error are answered at once. */
async function createProgram(args: readonly string[]): Promise<Command> {
  const asked = args.find((arg) => Object.hasOwn(commands, arg))
  const program = new Command('qnative')
    .description(
      'Quantize Llama models and object detectors to int8, int4 and int2, score them on LAMBADA, any text and COCO, and time every kernel.',
    )
    .version(packageJson.version)
    .usage('<command> [options]')
    .addHelpText(
      'after',
      `
Examples:
  qnative demo
  qnative eval lambada --model model.gguf --data lambada_test.jsonl --bits native,8,4
  qnative eval coco --annotations instances_val2017.json --detections detections.json
  qnative <command> --help

Results go to stdout, progress and messages to stderr.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not usable on this machine, 130 interrupted.
Environment: QNATIVE_ISA forces an instruction set, QNATIVE_DEBUG=1 adds a stack trace to errors.`,
    )
  for (const [name, { summary, load }] of Object.entries(commands)) {
    const command = name === asked ? await load() : new Command(name)
    program.addCommand(command.summary(summary))
  }
  throwErrors(program)
  return program
}

/** Errors are thrown, not exited on, by every command of the tree, and said in one line: the exit codes are report()'s. */
function throwErrors(command: Command): void {
  command.exitOverride().configureOutput({
    outputError: (text, write) => write(`${text.trimEnd().replaceAll('\n', ' ')}\n`),
  })
  for (const child of command.commands) throwErrors(child)
}
