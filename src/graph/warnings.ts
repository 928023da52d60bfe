import { connections, type Graph, type Tensor } from './graph.js'
import { scaleOf } from './quantization.js'

/** What a user of the network would trip over, one line each. */
export function graphWarnings(graph: Graph): string[] {
  return [...inputWarnings(graph), ...postprocessWarnings(graph), ...scoreWarnings(graph)]
}

function inputWarnings({ inputs }: Graph): string[] {
  return inputs.flatMap((input) => {
    if (!isImage(input)) return []
    if (input.quantization) {
      const { scale, zeroPoint } = scaleOf(input)
      const plain = scale === 1 && zeroPoint === 0
      if (plain) return []
      const range = `${(-scale * zeroPoint).toPrecision(4)} to ${(scale * (255 - zeroPoint)).toPrecision(4)}`
      return input.dtype === 'u8'
        ? [
            `input ${input.name}: codes 0 to 255 stand for ${range}; raw pixels are right only where that is how the network was trained`,
          ]
        : []
    }
    return [`input ${input.name}: float pixels, and the file does not say in which range`]
  })
}

function isImage({ shape }: Tensor): boolean {
  return shape.length === 4 && (shape[3] === 1 || shape[3] === 3)
}

function postprocessWarnings({ nodes }: Graph): string[] {
  return nodes.flatMap(({ operation }) => {
    if (operation.op !== 'detection_postprocess') return []
    const mode = operation.useRegularNms ? 'one class at a time' : 'all classes together'
    return [
      `detections: at most ${operation.maxDetections} an image, suppressed ${mode}: COCO's AP asks for 100`,
      'detections: classes count from 0; of a model for 90 classes the COCO id is one more',
    ]
  })
}

/** Sigmoids of 8 bits have 256 scores: peaks of a heat map tie, and what is below half a step is nothing. */
function scoreWarnings(graph: Graph): string[] {
  const { producer } = connections(graph)
  const warnings: string[] = []
  for (const output of graph.outputs) {
    let made = producer.get(output)
    while (made && ['dequantize', 'quantize', 'reshape'].includes(made.operation.op)) {
      made = producer.get(made.inputs[0]!)
    }
    if (made?.operation.op !== 'sigmoid' || !made.outputs[0]!.quantization) continue
    const { scale } = scaleOf(made.outputs[0]!)
    const steps = Math.round(1 / scale)
    warnings.push(
      `output ${output.name}: scores in steps of 1/${steps}, so that many tie and those below 1/${2 * steps} are 0`,
    )
  }
  return warnings
}
