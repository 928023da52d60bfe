import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { FormatError } from '../../formats/error.js'
import type { Graph } from '../../graph/graph.js'
import { openTfjsGraph } from '../../graph/tfjs/convert.js'
import { openTfliteGraph } from '../../graph/tflite/convert.js'

/**
 * Opens a network: a .tflite file, the model.json of a TensorFlow.js graph model, or the folder that holds one.
 *
 * @returns the graph as it is in the file: GraphSession optimizes it
 * @throws FormatError that names the file, where there is no network or qnative cannot run it
 */
export async function openNetwork(file: string): Promise<Graph> {
  const absolute = path.resolve(file)
  if (!existsSync(absolute)) throw new FormatError(absolute, 'file', 'expected a network, found no such file')
  if (!statSync(absolute).isDirectory()) return openFile(absolute)
  const model = path.join(absolute, 'model.json')
  if (existsSync(model)) return openTfjsGraph(model)
  throw new FormatError(absolute, 'folder', 'expected a model.json in it, found none')
}

function openFile(file: string): Promise<Graph> {
  if (file.endsWith('.tflite')) return openTfliteGraph(file)
  if (file.endsWith('.json')) return openTfjsGraph(file)
  throw new FormatError(file, 'file name', 'expected .tflite or .json, found another')
}
