// Float networks: which ones are, and their float16 weights as float32.
import { FormatError, show } from '../../formats/error.js'
import { describeTensor, type Graph, type Tensor } from '../../graph/graph.js'
import { replaceTensors } from '../../graph/passes/replace.js'
import { readValues } from '../../graph/values.js'

/**
 * @param precision that the network was asked for
 * @throws FormatError naming the file, the precision and a tensor that is quantized: its numbers before are lost
 */
export function checkConvertible(graph: Graph, precision: string): void {
  for (const { inputs, outputs } of graph.nodes) {
    const quantized = [...inputs, ...outputs].find((tensor) => tensor.quantization || tensor.groups)
    if (!quantized) continue
    const problem = `expected a float network to convert, found ${describeTensor(quantized)} with scales (${show(quantized.name)}): a quantized file runs as native only`
    throw new FormatError(graph.file, `precision ${precision}`, problem)
  }
}

/** The same network with every float16 constant as float32, which is exact. */
export function widenWeights(graph: Graph): Graph {
  const replaced = new Map<Tensor, Tensor>()
  const widened = (half: Tensor, name: string): Tensor => ({
    name,
    dtype: 'f32',
    shape: half.shape,
    constant: { kind: 'values', values: readValues(half) },
  })
  const nodes = graph.nodes.filter(({ operation, inputs, outputs }) => {
    const [input] = inputs
    if (operation.op !== 'dequantize' || input?.dtype !== 'f16' || !input.constant) return true
    replaced.set(outputs[0]!, widened(input, outputs[0]!.name))
    return false
  })
  for (const tensor of new Set(nodes.flatMap(({ inputs }) => inputs))) {
    if (tensor.dtype === 'f16' && tensor.constant) replaced.set(tensor, widened(tensor, tensor.name))
  }
  return replaceTensors({ ...graph, nodes }, replaced)
}
