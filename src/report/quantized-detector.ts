import type { QuantizedDetector } from '../quantize/detector/quantize-detector.js'
import type { LayerSensitivity } from '../quantize/detector/sensitivity.js'
import { thousandths } from './coco.js'
import { bytes, fixed, percent } from './numbers.js'
import { plain } from './plain.js'
import { type Column, textTable } from './table.js'

/** What `qnative quantize` prints of a detector. */
export function quantizedDetectorText(result: QuantizedDetector): string {
  const { out, precision, activations, layers, floatLayers, calibration, dead, mixed } = result
  const size = `${bytes(result.bytes)}, ${percent(result.bytes / result.floatBytes)} of the float model's ${bytes(result.floatBytes)}`
  const lines = [
    `${plain(out)}: ${precision}${activations === 'int8' ? ' with int8 activations' : ''}, ${size}`,
    `${layers - floatLayers} of ${layers} layers with weights are quantized`,
    calibration
      ? `calibrated on ${calibration.images} images of ${plain(calibration.source)}`
      : 'without calibration',
  ]
  if (dead.length > 0) {
    lines.push(
      `warning: 0 on every calibration image, so that their scale is a guess: ${plain(dead.join(', '))}`,
    )
  }
  if (mixed) {
    const attempts = mixed.attempts.map(({ kept, score }) => `${kept}: ${thousandths(score)}`).join(', ')
    lines.push(
      `AP ${thousandths(mixed.AP)}, of float32 ${thousandths(mixed.floatAP)} (layers kept: AP ${attempts})`,
      `in float32: ${mixed.keep.length > 0 ? plain(mixed.keep.join(', ')) : 'no layer'}`,
    )
  }
  return lines.join('\n')
}

/** What `qnative inspect --sensitivity` prints, the worst first. */
export function sensitivityText(precision: string, layers: readonly LayerSensitivity[]): string {
  return [
    `${precision}: ${layers.length} layers with weights, the most sensitive first`,
    textTable(sensitivityColumns, layers),
    "Signal over quantization error in decibels: of a layer's weights; of its output in the quantized network, all layers before it quantized too; alone: of the network's last layers, with this layer alone quantized.",
  ].join('\n\n')
}

const sensitivityColumns: readonly Column<LayerSensitivity>[] = [
  { title: 'layer', align: 'left', value: ({ layer }) => plain(layer) },
  { title: 'operation', align: 'left', value: ({ op }) => op },
  ...(['weights', 'activations', 'alone'] as const).map(
    (name): Column<LayerSensitivity> => ({
      title: `${name} dB`,
      value: (row) => (Number.isFinite(row[name]) ? row[name] : null),
      text: (row) => fixed(row[name], 1),
    }),
  ),
]
