import type { ModelInspection } from '../models/llama/inspect.js'
import type { LlamaQuantization } from '../models/llama/quantization.js'
import { bytes } from './numbers.js'
import { plain } from './plain.js'
import { textTable } from './table.js'

/** What `qnative inspect` prints. */
export function inspectionText(inspection: ModelInspection, withTensors: boolean): string {
  const parts = [inspectionSummary(inspection), totalsTable(inspection)]
  if (inspection.metadata.length > 0) parts.push(metadataTable(inspection))
  if (withTensors) parts.push(tensorTable(inspection))
  return parts.join('\n\n')
}

/** A few lines: what it is, how large, and whether qnative runs it. */
export function inspectionSummary(inspection: ModelInspection): string {
  const { format, version, files, parameters, llama, reason } = inspection
  const size = bytes(files.reduce((sum, file) => sum + file.bytes, 0))
  const count = `${files.length} file${files.length === 1 ? '' : 's'}`
  const lines = [
    `format      ${format}${version === undefined ? '' : ` v${version}`}, ${count}, ${size}`,
    // Words of packed codes are elements of a file, and no parameters.
    `parameters  ${(llama?.quantization ? llama.parameterCount : parameters).toLocaleString('en-US')}`,
  ]
  if (!llama) return [...lines, `model       none that qnative runs: ${reason}`].join('\n')
  const { config } = llama
  const head = config.tieWordEmbeddings ? 'output head tied to the embedding' : 'output head of its own'
  const scaling = config.ropeScaling ? `, ${config.ropeScaling.type} scaling` : ''
  lines.push(
    `model       ${plain(llama.name)}: Llama, ${config.layers} blocks, width ${config.hiddenSize}, MLP ${config.intermediateSize}`,
    ...(llama.quantization ? [`quantized   ${quantizationText(llama.quantization)}`] : []),
    `attention   ${config.heads} heads of ${config.headDim}, ${config.kvHeads} for keys and values`,
    `vocabulary  ${config.vocabSize} tokens, ${head}`,
    `context     ${config.contextLength} tokens, rotary base ${config.ropeTheta}${scaling}`,
    `tokenizer   ${plain(llama.tokenizer)}${llama.hasChatTemplate ? ', with a chat template' : ''}`,
    ...llama.warnings.map((warning) => `warning     ${plain(warning)}`),
  )
  return lines.join('\n')
}

function quantizationText(quantization: LlamaQuantization): string {
  const { method, format, bits, groupSize, symmetric, actOrder, bitsPerWeight } = quantization
  const parts = [
    `${plain(method)} in format ${format}`,
    `${bits} bits`,
    groupSize === -1 ? 'one scale a row' : `group ${groupSize}`,
    symmetric ? 'symmetric' : 'asymmetric',
    ...(actOrder ? ['act-order'] : []),
    `${bitsPerWeight.toFixed(2)} bits per weight, everything counted`,
  ]
  return parts.join(', ')
}

function totalsTable({ totals }: ModelInspection): string {
  return textTable(
    [
      { title: 'type', align: 'left', value: ({ type }) => type },
      { title: 'tensors', value: ({ tensors }) => tensors },
      { title: 'parameters', value: ({ parameters }) => parameters },
      { title: 'size', value: (total) => total.bytes, text: (total) => bytes(total.bytes) },
    ],
    totals,
  )
}

function metadataTable({ metadata }: ModelInspection): string {
  return textTable(
    [
      { title: 'metadata', align: 'left', value: ({ key }) => plain(key) },
      { title: 'value', align: 'left', value: ({ value }) => plain(value) },
    ],
    metadata,
  )
}

function tensorTable({ tensors }: ModelInspection): string {
  return textTable(
    [
      { title: 'tensor', align: 'left', value: ({ name }) => plain(name) },
      { title: 'type', align: 'left', value: ({ type }) => type },
      { title: 'shape', value: ({ shape }) => shape.join(' x ') },
      { title: 'size', value: ({ length }) => length, text: ({ length }) => bytes(length) },
    ],
    tensors,
  )
}
