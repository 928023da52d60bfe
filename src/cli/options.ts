// Options that several commands share, and the parsers of their values.
import { type Command, InvalidArgumentError } from 'commander'
import { addon } from '../native/addon.js'
import type { Isa } from '../native/face.js'
import { forcedIsa } from '../native/isa.js'
import { UsageError } from './errors.js'

export interface ComputeFlags {
  readonly threads?: number
  readonly isa?: string
}

/** More than any machine has: beyond it a typing error is likelier than a wish. */
const MOST_THREADS = 1024

/** --threads and --isa: for every command that computes. */
export function addComputeOptions(command: Command): Command {
  return command
    .option('--threads <n>', 'threads to use (default: as many as this process may)', threadCount)
    .option(
      '--isa <name>',
      'force an instruction set: reference, avx2, avxvnni, avx512, neon (default: the best usable one; env: QNATIVE_ISA)',
    )
}

/** @throws UsageError for an unknown ISA, UnusableError for one that is not usable here */
export function computeOptions(flags: ComputeFlags): { threads: number; isa: Isa | undefined } {
  try {
    return { threads: flags.threads ?? addon().environment().processors, isa: forcedIsa(flags.isa) }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UsageError(`${flags.isa === undefined ? 'QNATIVE_ISA' : '--isa'}: ${error.message}`)
  }
}

function threadCount(text: string): number {
  const value = positiveInteger(text)
  if (value > MOST_THREADS) throw new InvalidArgumentError(`Expected at most ${MOST_THREADS}, got '${text}'.`)
  return value
}

export function positiveInteger(text: string): number {
  const value = nonNegativeInteger(text)
  if (value < 1) throw new InvalidArgumentError(`Expected a whole number of 1 or more, got '${text}'.`)
  return value
}

export function nonNegativeInteger(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0) {
    throw new InvalidArgumentError(`Expected a whole number of 0 or more, got '${text}'.`)
  }
  return value
}

export function nonNegativeNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError(`Expected a number of 0 or more, got '${text}'.`)
  }
  return value
}

/** Detectors' scores are at most 1, and only what is above the threshold counts. */
export function scoreThreshold(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && value < 1)) {
    throw new InvalidArgumentError(`Expected a number of 0 or more and below 1, got '${text}'.`)
  }
  return value
}

/** A list separated by commas, each one of `choices`. */
export function listOf<T extends string>(choices: readonly T[]): (text: string) => T[] {
  return (text) => {
    const names = text.split(',').map((item) => {
      const name = item.trim() as T
      if (!choices.includes(name)) {
        throw new InvalidArgumentError(`Expected ${choices.join(', ')} or several of them, got '${item}'.`)
      }
      return name
    })
    return [...new Set(names)]
  }
}

/** A list of whole numbers of `least` or more, separated by commas. */
export function integerList(least: number): (text: string) => number[] {
  return (text) =>
    text.split(',').map((item) => {
      const value = Number(item)
      if (item.trim() === '' || !Number.isSafeInteger(value) || value < least) {
        throw new InvalidArgumentError(`Expected whole numbers of ${least} or more, got '${item}'.`)
      }
      return value
    })
}
