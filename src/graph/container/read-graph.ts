import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { FormatError, show } from '../../formats/error.js'
import { isJsonObject, type JsonObject, readJsonObject } from '../../formats/json.js'
import { qnativeJsonName } from '../../formats/qnative-json.js'
import type { Graph, Node, Tensor } from '../graph.js'
import { validateGraph } from '../validate.js'
import { readOperation } from './read-operation.js'
import { StoredTensors } from './read-tensor.js'
import { constantsName, graphFormat, type QuantizationNote } from './storage.js'

/** Whether a path is a directory that writeQuantizedGraph wrote, or says so. */
export async function isQuantizedGraph(path: string): Promise<boolean> {
  const file = join(path, qnativeJsonName)
  return existsSync(file) && (await readJsonObject(file))['format'] === graphFormat
}

/**
 * Opens a directory that writeQuantizedGraph wrote. Constants stay in their file until they are read.
 *
 * @throws FormatError naming the file and the field that is missing, of another kind, or does not fit
 */
export async function openQuantizedGraph(directory: string): Promise<Graph> {
  const { file, json } = await readDescription(directory)
  const reader = new GraphReader(
    file,
    await StoredTensors.open(join(resolve(directory), constantsName), file),
  )
  const graph = reader.graph(json['graph'])
  validateGraph(graph)
  return graph
}

/**
 * What a quantized graph's directory says about how it was made.
 * @throws FormatError naming the field
 */
export async function readQuantizationNote(directory: string): Promise<QuantizationNote> {
  const { file, json } = await readDescription(directory)
  const { precision, recipe, calibration, sourceModel } = json
  const fail = (field: string, expected: string): never => {
    throw new FormatError(file, field, `expected ${expected}, found ${show(json[field])}`)
  }
  if (typeof precision !== 'string') return fail('precision', 'a name')
  if (typeof sourceModel !== 'string') return fail('sourceModel', 'a name')
  if (!isJsonObject(recipe)) return fail('recipe', 'an object')
  if (calibration === undefined) return { precision, recipe, sourceModel }
  const { source, images, hashes } = isJsonObject(calibration) ? calibration : {}
  const isHashes = Array.isArray(hashes) && hashes.every((hash) => typeof hash === 'string')
  if (typeof source !== 'string' || !Number.isSafeInteger(images) || !isHashes) {
    return fail('calibration', 'source, images and hashes')
  }
  return { precision, recipe, sourceModel, calibration: { source, images: images as number, hashes } }
}

async function readDescription(directory: string): Promise<{ file: string; json: JsonObject }> {
  const file = join(resolve(directory), qnativeJsonName)
  const json = await readJsonObject(file)
  if (json['schemaVersion'] !== 1) {
    throw new FormatError(file, 'schemaVersion', `expected 1, found ${show(json['schemaVersion'])}`)
  }
  if (json['format'] !== graphFormat) {
    throw new FormatError(file, 'format', `expected "${graphFormat}", found ${show(json['format'])}`)
  }
  return { file, json }
}

class GraphReader {
  readonly #tensors = new Map<string, Tensor>()

  constructor(
    readonly file: string,
    readonly stored: StoredTensors,
  ) {}

  graph(json: unknown): Graph {
    const { inputs, outputs, tensors, nodes } = this.#object(json, 'graph')
    this.#list(tensors, 'graph.tensors').forEach((entry, i) => {
      const place = `graph.tensors[${i}]`
      const description = this.#object(entry, place)
      const { name } = description
      if (typeof name !== 'string' || this.#tensors.has(name)) {
        throw this.#error(`${place}.name`, 'a name of its own', name)
      }
      const tensor = this.stored.tensor(name, description, place)
      this.#tensors.set(tensor.name, tensor)
    })
    this.stored.checkAllUsed()
    const nodeNames = new Set<string>()
    const graph = {
      file: this.file,
      inputs: this.#list(inputs, 'graph.inputs').map((name, i) => this.#input(name, `graph.inputs[${i}]`)),
      nodes: this.#list(nodes, 'graph.nodes').map((entry, i) => {
        const node = this.#node(this.#object(entry, `graph.nodes[${i}]`), `graph.nodes[${i}]`)
        if (nodeNames.has(node.name))
          throw this.#error(`graph.nodes[${i}].name`, 'a name of its own', node.name)
        nodeNames.add(node.name)
        return node
      }),
    }
    const named = this.#list(outputs, 'graph.outputs').map((entry, i) => {
      const place = `graph.outputs[${i}]`
      const { name, tensor } = this.#object(entry, place)
      if (typeof name !== 'string') throw this.#error(`${place}.name`, 'a name', name)
      return { name, tensor: this.#tensor(tensor, `${place}.tensor`) }
    })
    if (named.length === 0) throw this.#error('graph.outputs', 'at least one', [])
    return {
      ...graph,
      outputs: named.map(({ tensor }) => tensor),
      outputNames: named.map(({ name }) => name),
    }
  }

  #node({ name, operation, inputs, outputs }: JsonObject, place: string): Node {
    if (typeof name !== 'string') throw this.#error(`${place}.name`, 'a name', name)
    const tensors = (list: unknown, field: string) =>
      this.#list(list, `${place}.${field}`).map((item, i) => this.#tensor(item, `${place}.${field}[${i}]`))
    return {
      name,
      operation: readOperation(operation, this.file, `${place}.operation`),
      inputs: tensors(inputs, 'inputs'),
      outputs: tensors(outputs, 'outputs'),
    }
  }

  #input(name: unknown, place: string): Tensor {
    const tensor = this.#tensor(name, place)
    if (tensor.constant) throw this.#error(place, 'a tensor that is no constant', name)
    return tensor
  }

  #tensor(name: unknown, place: string): Tensor {
    const tensor = typeof name === 'string' ? this.#tensors.get(name) : undefined
    if (!tensor) throw this.#error(place, 'the name of a tensor', name)
    return tensor
  }

  #object(value: unknown, place: string): JsonObject {
    if (!isJsonObject(value)) throw this.#error(place, 'an object', value)
    return value
  }

  #list(value: unknown, place: string): readonly unknown[] {
    if (!Array.isArray(value)) throw this.#error(place, 'a list', value)
    return value
  }

  #error(place: string, expected: string, found: unknown): FormatError {
    return new FormatError(this.file, place, `expected ${expected}, found ${show(found)}`)
  }
}
