import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { FormatError } from '../../formats/error.js'
import { createFolder } from '../../formats/output-folder.js'
import { qnativeJsonName } from '../../formats/qnative-json.js'
import { type TensorToWrite, writeSafetensors } from '../../formats/write-safetensors.js'
import { type Graph, type Node, type Tensor, tensorsRead } from '../graph.js'
import { floatToHalf } from '../half.js'
import { packCodes } from '../packed-codes.js'
import { codeBits } from '../quantization.js'
import { unfuseGraph } from '../unfuse.js'
import { validateGraph } from '../validate.js'
import { readValues } from '../values.js'
import { fieldToJson, operationFields } from './operation-fields.js'
import { constantsName, graphFormat, groupShape, parts, type QuantizationNote, storedAs } from './storage.js'

/**
 * Writes a graph as a directory: qnative.json and model.safetensors. The directory appears whole or not at all. What is
 * fused is written as the nodes that it stands for.
 *
 * @throws FormatError where there is something already, or the graph is not sound; FolderError
 */
export async function writeQuantizedGraph(
  directory: string,
  graph: Graph,
  note: QuantizationNote,
): Promise<void> {
  const target = resolve(directory)
  if (existsSync(target)) throw new FormatError(target, 'file', 'expected no such file yet, found one')
  const plain = unfuseGraph(graph)
  validateGraph(plain)
  const names = uniqueNames(plain)
  const json = {
    schemaVersion: 1,
    format: graphFormat,
    ...note,
    graph: {
      inputs: plain.inputs.map((tensor) => names.get(tensor)),
      outputs: plain.outputs.map((tensor, i) => ({ name: plain.outputNames[i], tensor: names.get(tensor) })),
      tensors: [...names].map(([tensor, name]) => tensorToJson(tensor, name)),
      nodes: plain.nodes.map((node) => nodeToJson(node, names)),
    },
  }
  const beside = join(dirname(target), `${basename(target)}.${randomUUID()}.part`)
  try {
    await createFolder(beside, target)
    const constants = [...names].flatMap(([tensor, name]) => constantParts(tensor, name))
    await writeSafetensors(join(beside, constantsName), constants)
    await writeFile(join(beside, qnativeJsonName), `${JSON.stringify(json, undefined, 1)}\n`)
    await rename(beside, target)
  } catch (error) {
    await rm(beside, { recursive: true, force: true })
    throw error
  }
}

/** Passes may leave two tensors of one name; in the file names are all there is. */
function uniqueNames(graph: Graph): Map<Tensor, string> {
  const names = new Map<Tensor, string>()
  const taken = new Set<string>()
  const read = graph.nodes.flatMap((node) => [...tensorsRead(node), ...node.outputs])
  for (const tensor of [...graph.inputs, ...read, ...graph.outputs]) {
    if (names.has(tensor)) continue
    let name = tensor.name
    for (let count = 2; taken.has(name); count++) name = `${tensor.name}#${count}`
    taken.add(name)
    names.set(tensor, name)
  }
  return names
}

function tensorToJson({ dtype, shape, quantization, groups, constant }: Tensor, name: string) {
  return {
    name,
    dtype,
    shape,
    ...(constant && { constant: true }),
    ...(quantization && {
      quantization:
        quantization.axis === undefined
          ? { scale: quantization.scales[0], zeroPoint: quantization.zeroPoints[0] }
          : { axis: quantization.axis },
    }),
    ...(groups && { groups: { size: groups.size, grid: groups.zeros ? 'zeros' : 'offsets' } }),
  }
}

function nodeToJson({ name, operation, inputs, outputs }: Node, names: ReadonlyMap<Tensor, string>) {
  const fields = Object.keys(operationFields[operation.op])
  const values = fields.map((field) => [field, fieldToJson(operation, field)])
  return {
    name,
    operation: { op: operation.op, ...Object.fromEntries(values) },
    inputs: inputs.map((tensor) => names.get(tensor)),
    outputs: outputs.map((tensor) => names.get(tensor)),
  }
}

function constantParts(tensor: Tensor, name: string): TensorToWrite[] {
  const { quantization, groups, shape, dtype } = tensor
  const result: TensorToWrite[] = []
  if (tensor.constant) {
    const data = tensor.constant.kind === 'file' ? tensor.constant.source : valueBytes(tensor)
    result.push({ name: parts.values(name), ...storedAs(tensor), data })
  }
  if (quantization?.axis !== undefined) {
    const { scales, zeroPoints } = quantization
    const along = [scales.length]
    result.push({ name: parts.scales(name), type: 'F32', shape: along, data: bytesOf(scales) })
    if (zeroPoints.some((zero) => zero !== 0)) {
      result.push({ name: parts.zeroPoints(name), type: 'I32', shape: along, data: bytesOf(zeroPoints) })
    }
  }
  if (groups) {
    const { scales, zeros, offsets } = groups
    const [count, outputs] = groupShape(shape, groups.size)
    const size = { shape: [count, outputs] }
    result.push({ name: parts.scales(name), type: 'F16', ...size, data: bytesOf(scales) })
    if (offsets) result.push({ name: parts.offsets(name), type: 'F16', ...size, data: bytesOf(offsets) })
    if (zeros) {
      const data = packCodes(zeros, codeBits(dtype)!, count, outputs)
      result.push({ name: parts.zeros(name), type: 'U8', shape: [count, data.length / count], data })
    }
  }
  return result
}

/** The values as a file holds them. */
function valueBytes(tensor: Tensor): Uint8Array {
  const values = readValues(tensor)
  const bits = codeBits(tensor.dtype)
  if (bits) {
    const rows = tensor.shape[0] ?? 1
    return packCodes(values as Uint8Array, bits, rows, values.length / rows)
  }
  if (tensor.dtype === 'f16') return bytesOf(Uint16Array.from(values, floatToHalf))
  if (tensor.dtype === 'i64') return bytesOf(BigInt64Array.from(values as Float64Array, BigInt))
  return bytesOf(values)
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
