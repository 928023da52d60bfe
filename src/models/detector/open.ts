import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { FormatError } from '../../formats/error.js'
import { isQuantizedGraph, openQuantizedGraph } from '../../graph/container/read-graph.js'
import type { Graph } from '../../graph/graph.js'
import { openTfjsGraph } from '../../graph/tfjs/convert.js'
import { openTfliteGraph } from '../../graph/tflite/convert.js'

const tfjsModel = 'model.json'

/** Whether a path is what openNetwork opens, by its name or by what lies in the folder: another model may be elsewhere. */
export async function isNetwork(file: string): Promise<boolean> {
  if (file.endsWith('.tflite') || file.endsWith('.json')) return true
  return existsSync(path.join(file, tfjsModel)) || (await isQuantizedGraph(file))
}

/**
 * Opens a network: a .tflite file, the model.json of a TensorFlow.js graph model or the folder that holds it, or a folder
 * that `qnative quantize` has written.
 *
 * @returns the graph as it is in the file: GraphSession optimizes it
 * @throws FormatError that names the file, where there is no network or qnative cannot run it
 */
export async function openNetwork(file: string): Promise<Graph> {
  const absolute = path.resolve(file)
  if (!existsSync(absolute)) throw new FormatError(absolute, 'path', 'expected a network, found nothing')
  if (!statSync(absolute).isDirectory()) return openFile(absolute)
  if (await isQuantizedGraph(absolute)) return openQuantizedGraph(absolute)
  const model = path.join(absolute, tfjsModel)
  if (existsSync(model)) return openTfjsGraph(model)
  throw new FormatError(
    absolute,
    'folder',
    `expected ${tfjsModel} or a quantized network in it, found neither`,
  )
}

function openFile(file: string): Promise<Graph> {
  if (file.endsWith('.tflite')) return openTfliteGraph(file)
  if (file.endsWith('.json')) return openTfjsGraph(file)
  throw new FormatError(file, 'file name', 'expected .tflite or .json, found another')
}
