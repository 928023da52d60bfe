// Runs a program of one step on every instruction set that this computer has (all of them in the SIMDe build), and holds
// the results against those of the reference kernel, bit for bit.
import { expect } from 'vitest'
import { addon } from '../../../src/native/addon.js'
import type { Isa, WeightHandle } from '../../../src/native/face.js'
import { type InputArray, type RunOptions, Session } from '../../../src/native/session.js'
import { ProgramBuilder } from '../../../src/program/builder.js'

export type Outputs = Readonly<Record<string, InputArray>>

/** Adds the inputs, the one step (or some of the same op) and the outputs. All shapes are numbers. */
export type Build = (p: ProgramBuilder) => void

export type Inputs = Readonly<Record<string, InputArray>>

/** Of the program's weight matrices, by name. */
export type Weights = ReadonlyMap<string, WeightHandle>

const ran = new Set<string>()

async function runOn(
  isa: Isa,
  threads: number,
  build: Build,
  inputs: Inputs,
  weights: Weights,
  options: RunOptions = {},
) {
  const p = new ProgramBuilder()
  build(p)
  const session = new Session(p.build(), weights, { isa, threads })
  try {
    const { outputs } = await session.run({}, inputs, options)
    const kernel = session.plan({}).kernels[0]!
    ran.add(kernel)
    return { kernel, outputs: Object.fromEntries(Object.entries(outputs).map(([name, o]) => [name, o.data])) }
  } finally {
    session.close()
  }
}

/** What stands around arrays that are lent: as float32 NaN. */
const AROUND = 0xff

/** As large an array 4 bytes off, with room behind it that kernels may read, and nothing that they may use. */
function lentLike(array: InputArray): InputArray {
  const { byteLength, length } = array
  const buffer = new ArrayBuffer(byteLength + 128)
  new Uint8Array(buffer).fill(AROUND)
  return new (array.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => InputArray)(
    buffer,
    4,
    length,
  )
}

function bytesAround({ buffer, byteOffset, byteLength }: InputArray): Uint8Array {
  const bytes = new Uint8Array(buffer)
  return Uint8Array.of(...bytes.subarray(0, byteOffset), ...bytes.subarray(byteOffset + byteLength))
}

const mapArrays = (arrays: Inputs, to: (array: InputArray) => InputArray): Inputs =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, to(array)]))

/** The same with all arrays lent (Session.run); checks that nothing is written but the outputs. */
async function runOnLent(
  isa: Isa,
  threads: number,
  build: Build,
  inputs: Inputs,
  weights: Weights,
  like: Outputs,
) {
  const lent = mapArrays(inputs, (array) => {
    const copy = lentLike(array)
    copy.set(array)
    return copy
  })
  const into = mapArrays(like, lentLike)
  const result = await runOn(isa, threads, build, lent, weights, { lent: true, into })
  const all = { ...lent, ...into }
  for (const [name, array] of Object.entries(all)) {
    expect(
      bytesAround(array).every((byte) => byte === AROUND),
      `${result.kernel} writes beyond ${name}`,
    ).toBe(true)
  }
  for (const [name, array] of Object.entries(inputs)) {
    expect(
      firstDifference(array, lent[name]!),
      `${result.kernel} writes to its input ${name}`,
    ).toBeUndefined()
  }
  return result
}

/** The outputs of the reference kernel, by name. */
export async function onReference(
  build: Build,
  inputs: Inputs,
  weights: Weights = new Map(),
): Promise<Outputs> {
  return (await runOn('reference', 1, build, inputs, weights)).outputs
}

/**
 * Runs the step on every usable instruction set with 1 and 3 threads, once with copies of the inputs and once with lent arrays;
 * all must give the reference's bits.
 */
export async function sameOnEveryIsa(
  build: Build,
  inputs: Inputs,
  weights: Weights = new Map(),
): Promise<Outputs> {
  const expected = await onReference(build, inputs, weights)
  for (const isa of addon().environment().isas) {
    if (!isa.usable) continue
    for (const threads of [1, 3]) {
      const { kernel, outputs } =
        threads === 1
          ? await runOn(isa.name, threads, build, inputs, weights)
          : await runOnLent(isa.name, threads, build, inputs, weights, expected)
      for (const [name, data] of Object.entries(expected)) {
        expect(
          firstDifference(data, outputs[name]!),
          `${name} of ${kernel}, ${threads} threads`,
        ).toBeUndefined()
      }
    }
  }
  return expected
}

/** The kernels of an op that could have run on this computer and have not, in this file's tests so far. */
export function kernelsNotRun(op: string): string[] {
  const usable = new Set(
    addon()
      .environment()
      .isas.flatMap((isa) => (isa.usable ? [isa.name] : [])),
  )
  const { kernels } = addon()
    .ops()
    .find(({ name }) => name === op)!
  return kernels.filter(({ name, isa }) => usable.has(isa) && !ran.has(name)).map(({ name }) => name)
}

/** Where two arrays differ in bits; every NaN counts as the same. */
function firstDifference(a: InputArray, b: InputArray) {
  expect(b.length).toBe(a.length)
  const bits = (x: InputArray) =>
    x instanceof Float32Array ? new Uint32Array(x.buffer, x.byteOffset, x.length) : x
  const x = bits(a)
  const y = bits(b)
  for (let i = 0; i < x.length; i++) {
    if (x[i] !== y[i] && !(Number.isNaN(a[i]) && Number.isNaN(b[i])))
      return { index: i, expected: a[i], found: b[i] }
  }
  return undefined
}
