import { statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { FormatError } from '../formats/error.js'
import { decodeNpy, encodeNpy } from '../formats/npy.js'
import type { Tensor, Values } from '../graph/graph.js'
import { inputValues, npyTypes, realOutput } from '../models/detector/inputs.js'
import { openNetwork } from '../models/detector/open.js'
import { GraphSession } from '../models/detector/session.js'
import type { Isa } from '../native/face.js'
import { UsageError } from './errors.js'
import { writeOutputs } from './run-outputs.js'

/** --input [NAME=]FILE.npy */
export interface InputFile {
  readonly name?: string
  readonly file: string
}

export interface NetworkRun {
  readonly model: string
  readonly inputs: readonly InputFile[]
  readonly out: string
  readonly raw: boolean
  readonly threads: number
  readonly isa: Isa | undefined
  readonly relaxed?: boolean
}

export async function runNetwork(network: NetworkRun): Promise<void> {
  const { model, inputs, out, raw, threads, isa, relaxed } = network
  const graph = await openNetwork(model)
  const files = inOrder(graph.inputs, inputs)
  const values: Values[] = []
  for (const [i, tensor] of graph.inputs.entries()) values.push(await readInput(tensor, files[i]!))
  const session = await GraphSession.create(graph, { threads, isa, relaxed })
  try {
    const { outputs } = await session.run(values)
    const files = outputs.flatMap((values, i) => outputFiles(session.outputs[i]!, values, i, raw))
    const description = session.outputs.map((tensor, i) => describe(tensor, graph.outputNames[i]!, i, raw))
    await writeOutputs(out, files, description)
  } finally {
    session.release()
  }
}

/** A file for each input: named ones first, the others in the model's order. */
function inOrder(tensors: readonly Tensor[], inputs: readonly InputFile[]): string[] {
  const names = tensors.map(({ name }) => name)
  const known = `this model has ${names.map((name) => `'${name}'`).join(', ')}`
  const byName = new Map<string, string>()
  for (const { name, file } of inputs) {
    if (name === undefined) continue
    if (!names.includes(name)) throw new UsageError(`--input ${name}: ${known}`)
    if (byName.has(name)) throw new UsageError(`--input ${name}: given twice`)
    byName.set(name, file)
  }
  const unnamed = inputs.flatMap(({ name, file }) => (name === undefined ? [file] : []))
  const files = names.map((name) => byName.get(name) ?? unnamed.shift())
  const missing = files.indexOf(undefined)
  if (missing >= 0) throw new UsageError(`--input: nothing for '${names[missing]}'; ${known}`)
  if (unnamed.length > 0) throw new UsageError(`--input ${unnamed[0]}: one too many; ${known}`)
  return files as string[]
}

async function readInput(tensor: Tensor, file: string): Promise<Values> {
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`--input ${file}: expected a .npy file, found a folder`)
  }
  const bytes = await readFile(file)
  try {
    return inputValues(tensor, decodeNpy(bytes, file))
  } catch (error) {
    // A type that no network has is as wrong as one that this network has not.
    if (error instanceof FormatError && error.field === 'descr')
      throw new UsageError(`--input ${error.message}`)
    if (error instanceof RangeError) throw new UsageError(`--input ${file}: ${error.message}`)
    throw error
  }
}

function outputFiles(tensor: Tensor, values: Values, i: number, raw: boolean): [string, Buffer][] {
  const { shape, dtype } = tensor
  const real: [string, Buffer] = [`output${i}.npy`, encodeNpy(realOutput(tensor, values), shape)]
  return raw ? [real, [`output${i}.raw.npy`, encodeNpy(values, shape, npyTypes[dtype])]] : [real]
}

function describe({ dtype, shape, quantization }: Tensor, name: string, i: number, raw: boolean) {
  return {
    file: `output${i}.npy`,
    ...(raw && { raw: path.basename(`output${i}.raw.npy`) }),
    name,
    dtype: 'float32',
    shape,
    stored: dtype,
    ...(quantization && {
      quantization: { scale: quantization.scales[0], zeroPoint: quantization.zeroPoints[0] },
    }),
  }
}
