// The options that say at which precision a model is loaded.
import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  type HeadType,
  type LlamaBits,
  type LlamaPrecision,
  precisionOf,
  takesInt8,
} from '../models/llama/precision.js'
import type { Activations } from '../models/llama/program.js'
import type { GroupSize } from '../quantize/arrays.js'
import { UsageError } from './errors.js'

export interface PrecisionFlags {
  readonly groupSize: GroupSize
  readonly symmetric?: boolean
  readonly clip: 'none' | 'mse'
  readonly head?: HeadType
  readonly activations: Activations
}

const WIDTHS = ['native', 'f32', '8', '4', '2', 'nf4', 'llm.int8']

/** One of native, f32, 8, 4, 2, nf4 and llm.int8. */
export function parseBits(text: string): LlamaBits {
  const name = text.trim()
  if (!WIDTHS.includes(name)) throw new InvalidArgumentError(`Expected ${WIDTHS.join(', ')}, got '${text}'.`)
  return /^\d$/.test(name) ? (Number(name) as 8 | 4 | 2) : (name as Exclude<LlamaBits, number>)
}

/** Several of them, separated by commas; twice the same is once. */
export function parseBitsList(text: string): LlamaBits[] {
  return [...new Set(text.split(',').map(parseBits))]
}

/** The help of an option that takes parseBits. */
export const bitsHelp = 'weights: native (as stored), f32 (unquantized), 8, 4, 2, nf4 (QLoRA) or llm.int8'

export function parseGroupSize(text: string): GroupSize {
  if (!['32', '64', '128', '-1'].includes(text)) {
    throw new InvalidArgumentError(`Expected 32, 64, 128 or -1 (the whole row), got '${text}'.`)
  }
  return Number(text) as GroupSize
}

/** Everything but --bits, which is a list in some commands. */
export function addPrecisionOptions(command: Command): Command {
  return command
    .option(
      '--group-size <n>',
      'of 8, 4 and 2 bits: columns that share a scale, 32, 64, 128 or -1 (the whole row)',
      parseGroupSize,
      64,
    )
    .option('--symmetric', 'of 8, 4 and 2 bits: fix the zero point at the middle of the codes (default: off)')
    .addOption(
      new Option('--clip <how>', 'of 8, 4 and 2 bits: mse searches each group for the range of least error')
        .choices(['none', 'mse'])
        .default('none'),
    )
    .addOption(
      new Option(
        '--head <type>',
        'type of embedding and output head (default: as --bits says for native and f32, else int8)',
      ).choices(['native', 'f32', 'f16', 'int8']),
    )
    .addOption(
      new Option('--activations <type>', 'inputs of layers with integer weights: f32 is exact, int8 is fast')
        .choices(['f32', 'int8'])
        .default('f32'),
    )
}

/** @throws UsageError for --activations int8 with --bits f32 or nf4 */
export function precisionFromFlags(bits: LlamaBits, flags: PrecisionFlags): LlamaPrecision {
  if (flags.activations === 'int8' && !takesInt8(bits)) {
    throw new UsageError(
      `--bits ${bits} and --activations int8 exclude each other: int8 activations need integer weights`,
    )
  }
  return precisionOf(bits, flags)
}
