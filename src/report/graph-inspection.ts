import type { GraphInspection, NetworkInspection, TensorInspection } from '../graph/inspect.js'
import type { DetectorInspection, NetworkFileInspection } from '../models/detector/inspect.js'
import { bytes } from './numbers.js'
import { plain } from './plain.js'
import { textTable } from './table.js'

/** What `qnative inspect` prints of a network's file. */
export function graphInspectionText(inspection: NetworkFileInspection): string {
  const { network, detector } = inspection
  const parts = [summary(inspection)]
  if (detector) parts.push(detectorText(detector))
  if (network) parts.push(tensorTable(network))
  parts.push(weightTable(inspection), operatorTable(inspection))
  return parts.join('\n\n')
}

function summary({
  format,
  files,
  parameters,
  weightBytes,
  network,
  reason,
  quantization,
  warnings,
}: GraphInspection): string {
  const size = bytes(files.reduce((sum, file) => sum + file.bytes, 0))
  const lines = [
    `format      ${format}, ${files.length} file${files.length === 1 ? '' : 's'}, ${size}`,
    `weights     ${parameters.toLocaleString('en-US')} numbers, ${bytes(weightBytes)}`,
  ]
  if (quantization) {
    const { precision, recipe, sourceModel, calibration } = quantization
    const activations = recipe['activations'] === 'int8' ? ' with int8 activations' : ''
    const images = calibration
      ? `calibrated on ${calibration.images} images of ${plain(calibration.source)}`
      : 'without calibration'
    lines.push(`quantized   ${plain(precision)}${activations} of ${plain(sourceModel)}, ${images}`)
  }
  if (network) {
    const { multiplyAdds, nodes, fusedNodes } = network
    lines.push(`work        ${(multiplyAdds / 1e6).toFixed(1)} million multiply-adds`)
    lines.push(`nodes       ${nodes}, fused into ${fusedNodes}`)
  } else {
    lines.push(`model       none that qnative runs: ${plain(reason ?? '')}`)
  }
  return [...lines, ...warnings.map((warning) => `warning     ${plain(warning)}`)].join('\n')
}

function detectorText({ decoder, classes, preset, preprocessing }: DetectorInspection): string {
  const { resize, fit, normalization, output } = preprocessing
  const values = typeof normalization === 'string' ? normalization : 'by mean and deviation'
  return [
    `detector    ${decoder}; ${classes} classes`,
    `images      RGB, ${resize}:${fit}, ${values === 'raw' ? '0 to 255' : values}, ${output} (preset ${preset})`,
  ].join('\n')
}

function tensorTable({ inputs, outputs }: NetworkInspection): string {
  const rows = [
    ...inputs.map((tensor) => ({ role: 'input', tensor })),
    ...outputs.map((tensor, i) => ({ role: `output ${i}`, tensor })),
  ]
  return textTable(
    [
      { title: 'tensor', align: 'left', value: ({ role }) => role },
      { title: 'name', align: 'left', value: ({ tensor }) => plain(tensor.name) },
      { title: 'type', align: 'left', value: ({ tensor }) => tensor.dtype },
      { title: 'shape', value: ({ tensor }) => tensor.shape.join(' x ') },
      {
        title: 'scale',
        value: ({ tensor }) => tensor.scale ?? null,
        text: ({ tensor }) => tensor.scale?.toPrecision(6) ?? '-',
      },
      { title: 'zero point', value: ({ tensor }) => tensor.zeroPoint ?? null },
      { title: 'range', value: ({ tensor }) => range(tensor) },
    ],
    rows,
  )
}

function range({ range }: TensorInspection): string | null {
  return range ? `${range[0].toPrecision(4)} to ${range[1].toPrecision(4)}` : null
}

function weightTable({ weights }: GraphInspection): string {
  return textTable(
    [
      { title: 'type', align: 'left', value: ({ type }) => type },
      { title: 'tensors', value: ({ tensors }) => tensors },
      { title: 'numbers', value: ({ parameters }) => parameters },
      { title: 'size', value: (total) => total.bytes, text: (total) => bytes(total.bytes) },
    ],
    weights,
  )
}

function operatorTable({ operators }: GraphInspection): string {
  return textTable(
    [
      { title: 'operator', align: 'left', value: ({ operator }) => plain(operator) },
      { title: 'count', value: ({ count }) => count },
    ],
    operators,
  )
}
