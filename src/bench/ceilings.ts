import { addon } from '../native/addon.js'
import type { CeilingPoint, Ceilings, Isa } from '../native/face.js'
import { finish, type JobOptions } from '../native/job.js'

export type { CeilingPoint, Ceilings } from '../native/face.js'

/**
 * Measures what this machine can do at most, at 1, 2, 4, ... `threads` threads: read bandwidth from memory and from
 * cache, float multiply-adds and int8 dot products of one instruction set. Takes about a second.
 *
 * @throws RangeError for a number of threads that is none; Error when the ISA is not usable or there is no memory for the
 *   buffer (at least 256 MiB)
 */
export async function measureCeilings(
  options: { readonly threads: number; readonly isa?: Isa | undefined } & JobOptions,
): Promise<Ceilings> {
  const { threads, isa } = options
  if (!Number.isSafeInteger(threads) || threads < 1) {
    throw new RangeError(`threads: expected a whole number of 1 or more, got ${threads}`)
  }
  return finish(
    (onProgress) => addon().measureCeilings({ threads, ...(isa && { isa }) }, onProgress),
    options,
  )
}

const rates = ['dramGbPerS', 'cacheGbPerS', 'f32GopPerS', 'int8GopPerS'] as const

/** The number of threads that was asked for. */
export function ceilingPoint(ceilings: Ceilings): CeilingPoint {
  return ceilings.points.at(-1)!
}

/** The larger of each of two measurements: whatever disturbed one can only have lowered it. */
export function higherCeilings(a: CeilingPoint, b: CeilingPoint): CeilingPoint {
  const higher = (rate: (typeof rates)[number]) => Math.max(a[rate], b[rate])
  return {
    threads: a.threads,
    dramGbPerS: higher('dramGbPerS'),
    cacheGbPerS: higher('cacheGbPerS'),
    f32GopPerS: higher('f32GopPerS'),
    int8GopPerS: higher('int8GopPerS'),
  }
}

export interface Drift {
  readonly rate: (typeof rates)[number]
  /** End over start, less 1. */
  readonly change: number
}

/** The ceilings that changed by more than 10 % during the run: the machine was not the same at its end. */
export function ceilingDrift(start: CeilingPoint, end: CeilingPoint): Drift[] {
  return rates
    .map((rate) => ({ rate, change: end[rate] / start[rate] - 1 }))
    .filter(({ change }) => Math.abs(change) > 0.1)
}

/** What a kernel's work asks of the machine. */
export interface Work {
  /** Bytes that must move at least once, and from where. */
  readonly bytes: number
  readonly source: 'dram' | 'cache'
  /** A multiply-add counts two. */
  readonly operations: number
  readonly arithmetic: 'f32' | 'int8'
}

export type Bound = 'memory' | 'arithmetic'

/**
 * The roofline (Williams, Waterman and Patterson 2009): of the time to move the bytes and the time to do the arithmetic,
 * each at its ceiling, the longer one bounds the work, and its share of the time taken is the percentage of the ceiling.
 */
export function roofline(
  work: Work,
  nanoseconds: number,
  ceiling: CeilingPoint,
): { bound: Bound; percentOfCeiling: number } {
  const memoryNs = work.bytes / (work.source === 'dram' ? ceiling.dramGbPerS : ceiling.cacheGbPerS)
  const arithmeticNs =
    work.operations / (work.arithmetic === 'int8' ? ceiling.int8GopPerS : ceiling.f32GopPerS)
  const bound = arithmeticNs > memoryNs ? 'arithmetic' : 'memory'
  return { bound, percentOfCeiling: (100 * Math.max(memoryNs, arithmeticNs)) / nanoseconds }
}
