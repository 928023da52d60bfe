// Timing two programs in turns, for the scripts that compare qnative's runs of a network with another program's.
import { loadavg } from 'node:os'
import { diagnose } from '../dist/index.js'

/**
 * One round of one side: runs it for about as many seconds, once at least, and gives each run's milliseconds.
 * @typedef {(seconds: number) => Promise<number[]>} Side
 */

/**
 * Milliseconds are medians over rounds of the fastest run of each; the ratio is that of each round's pair.
 * @typedef {{ ours: number, theirs: number, ratio: number, ratioMad: number, rounds: { ours: number[], theirs: number[] } }} Paired
 */

/**
 * Runs both sides once in each round, so that a machine that slows down slows both; who is first takes turns. Of a round
 * the fastest run counts: whatever else the machine does only adds time.
 *
 * @param {{ ours: Side, theirs: Side }} sides
 * @param {{ rounds: number, seconds: number }} options
 * @returns {Promise<Paired>}
 */
export async function interleave(sides, { rounds, seconds }) {
  const best = { ours: /** @type {number[]} */ ([]), theirs: /** @type {number[]} */ ([]) }
  for (let round = 0; round < rounds; round++) {
    /** @type {('ours' | 'theirs')[]} */
    const order = round % 2 ? ['theirs', 'ours'] : ['ours', 'theirs']
    for (const who of order) best[who].push(Math.min(...(await sides[who](seconds))))
  }
  const ratios = best.ours.map((time, i) => time / (best.theirs[i] ?? Number.NaN))
  const ratio = median(ratios)
  const ratioMad = median(ratios.map((value) => Math.abs(value - ratio)))
  return { ours: median(best.ours), theirs: median(best.theirs), ratio, ratioMad, rounds: best }
}

/**
 * A side that runs in this process: once untimed, then timed.
 * @param {() => Promise<number>} run gives the milliseconds that count
 * @returns {Side}
 */
export function timed(run) {
  return async (seconds) => {
    await run()
    const times = []
    const began = performance.now()
    while (times.length === 0 || performance.now() - began < 1000 * seconds) times.push(await run())
    return times
  }
}

/** Milliseconds that something takes. @param {() => Promise<unknown>} run */
export async function wallClock(run) {
  const start = performance.now()
  await run()
  return performance.now() - start
}

/**
 * What the figures depend on besides the programs: ours use this ISA; the load average is that of the last minute.
 * @param {import('../dist/index.js').Isa | undefined} isa what was asked for
 */
export function conditions(isa) {
  const { cpu, isa: best } = diagnose()
  return { cpu, isa: isa ?? best.chosen, loadAverage: loadavg()[0] ?? Number.NaN }
}

/**
 * @param {string | undefined} name
 * @throws RangeError where this CPU or build lacks it
 */
export function usableIsa(name) {
  if (name === undefined) return undefined
  const usable = diagnose().isas.filter((isa) => isa.usable)
  const found = usable.find((isa) => isa.name === name)
  if (!found)
    throw new RangeError(`expected one of ${usable.map((isa) => isa.name).join(', ')} for --isa, got ${name}`)
  return found.name
}

/** @param {{ cpu: string, isa: string | null, loadAverage: number }} conditions */
export function conditionsText({ cpu, isa, loadAverage }) {
  return `${cpu}, ours with ${isa}, load average ${loadAverage.toFixed(1)}`
}

/** @param {readonly number[]} list */
function median(list) {
  const sorted = [...list].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

/**
 * The root of the mean squared difference of two outputs, relative to the standard deviation of the second.
 * @param {ArrayLike<number>} ours
 * @param {ArrayLike<number>} theirs
 */
export function relativeDifference(ours, theirs) {
  if (ours.length !== theirs.length) throw new Error(`outputs of ${ours.length} and ${theirs.length} values`)
  const mean = Array.from(theirs).reduce((sum, value) => sum + value, 0) / theirs.length
  let spread = 0
  let difference = 0
  for (let i = 0; i < theirs.length; i++) {
    const value = theirs[i] ?? Number.NaN
    spread += (value - mean) ** 2
    difference += ((ours[i] ?? Number.NaN) - value) ** 2
  }
  return Math.sqrt(difference / spread)
}
