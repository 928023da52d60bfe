import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { FormatError, show } from '../error.js'
import { isJsonObject, type JsonObject, readJsonObject } from '../json.js'
import { TfjsAttributes } from './attributes.js'
import { readWeightsManifest, type TfjsShard, type TfjsWeight } from './weights.js'

/** A TensorFlow.js graph model: the nodes of a frozen TensorFlow graph, and where its weights are. */
export interface TfjsModel {
  /** Absolute path of model.json. */
  readonly file: string
  readonly fileBytes: number
  readonly shards: readonly TfjsShard[]
  /** In the file's order, which need not be one in which they can run. */
  readonly nodes: readonly TfjsNode[]
  readonly weights: ReadonlyMap<string, TfjsWeight>
  /** Names of nodes as the signature has them; absent where the file has no signature. */
  readonly inputs?: readonly string[]
  /** "node" or "node:1" */
  readonly outputs?: readonly string[]
}

export interface TfjsNode {
  readonly name: string
  readonly op: string
  /** "node" or "node:1"; control inputs are left out. */
  readonly inputs: readonly string[]
  readonly attributes: TfjsAttributes
}

/**
 * Reads a TensorFlow.js graph model: model.json, and of its shards the sizes only.
 *
 * Source: github.com/tensorflow/tfjs, tfjs-converter/src/data/compiled_api.ts (NodeDef as JSON).
 *
 * @throws FormatError where the file is something else, or malformed.
 */
export async function readTfjsModel(path: string): Promise<TfjsModel> {
  const file = resolve(path)
  const model = await readJsonObject(file)
  const { format, modelTopology, weightsManifest, signature } = model
  if (format !== 'graph-model' && (format !== undefined || !isJsonObject(modelTopology))) {
    throw new FormatError(file, 'format', `expected "graph-model", found ${show(format)}`)
  }
  const described = isJsonObject(modelTopology) ? modelTopology['node'] : undefined
  if (!Array.isArray(described)) {
    throw new FormatError(file, 'modelTopology', `expected a list of nodes, found ${show(described)}`)
  }
  const nodes = described.map((node, i) => readNode(file, node, i))
  const seen = new Set<string>()
  for (const { name } of nodes) {
    if (seen.has(name))
      throw new FormatError(file, `node ${show(name)}`, 'expected every name once, found it twice')
    seen.add(name)
  }
  return {
    file,
    fileBytes: statSync(file).size,
    nodes,
    ...readWeightsManifest(file, weightsManifest),
    ...readSignature(file, signature ?? nestedSignature(model)),
  }
}

/** Old converters wrote it under userDefinedMetadata. */
function nestedSignature({ userDefinedMetadata }: JsonObject): unknown {
  return isJsonObject(userDefinedMetadata) ? userDefinedMetadata['signature'] : undefined
}

function readNode(file: string, node: unknown, index: number): TfjsNode {
  const { name, op, input = [], attr = {} } = isJsonObject(node) ? node : {}
  if (typeof name !== 'string' || name === '' || typeof op !== 'string') {
    throw new FormatError(file, `node ${index}`, `expected a name and an op, found ${show(node)}`)
  }
  const field = `node ${show(name)}`
  if (!Array.isArray(input) || !input.every((source) => typeof source === 'string')) {
    throw new FormatError(file, field, `expected a list of inputs, found ${show(input)}`)
  }
  if (!isJsonObject(attr)) throw new FormatError(file, field, `expected attributes, found ${show(attr)}`)
  return {
    name,
    op,
    inputs: input.filter((source) => !source.startsWith('^')),
    attributes: new TfjsAttributes(file, name, attr),
  }
}

function readSignature(file: string, signature: unknown): Pick<TfjsModel, 'inputs' | 'outputs'> {
  if (signature === undefined) return {}
  const { inputs, outputs } = isJsonObject(signature) ? signature : {}
  const names = (entries: unknown, field: string): string[] => {
    if (!isJsonObject(entries)) {
      throw new FormatError(file, `signature.${field}`, `expected an object, found ${show(entries)}`)
    }
    return Object.entries(entries).map(([key, entry]) => {
      const name = isJsonObject(entry) ? entry['name'] : undefined
      if (typeof name !== 'string') {
        throw new FormatError(file, `signature.${field}.${key}`, `expected a name, found ${show(entry)}`)
      }
      return name.replace(/:0$/, '')
    })
  }
  return { inputs: names(inputs ?? {}, 'inputs'), outputs: names(outputs, 'outputs') }
}
