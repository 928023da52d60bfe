import type { ModelInspection } from '../models/llama/inspect.js'
import { bytes } from './numbers.js'
import { markdownTable } from './table.js'

/** What `qnative inspect` prints. */
export function inspectionText(inspection: ModelInspection, withTensors: boolean): string {
  const parts = [summary(inspection), totalsTable(inspection)]
  if (inspection.metadata.length > 0) parts.push(metadataTable(inspection))
  if (withTensors) parts.push(tensorTable(inspection))
  return parts.join('\n\n')
}

function summary(inspection: ModelInspection): string {
  const { format, version, files, parameters, llama, reason } = inspection
  const lines = [
    `format      ${format}${version === undefined ? '' : ` v${version}`}, ${files.length} file${files.length === 1 ? '' : 's'}, ${bytes(files.reduce((sum, file) => sum + file.bytes, 0))}`,
    `parameters  ${(parameters / 1e6).toFixed(1)} million`,
  ]
  if (!llama) return [...lines, `model       none that qnative runs: ${reason}`].join('\n')
  const { config } = llama
  const head = config.tieWordEmbeddings ? 'tied to the embedding' : 'of its own'
  lines.push(
    `model       ${llama.name}: Llama, ${config.layers} blocks, width ${config.hiddenSize}, MLP ${config.intermediateSize}`,
    `attention   ${config.heads} heads of ${config.headDim}, ${config.kvHeads} for keys and values`,
    `vocabulary  ${config.vocabSize}, head ${head}`,
    `context     ${config.contextLength} tokens, rotary base ${config.ropeTheta}${config.ropeScaling ? `, ${config.ropeScaling.type} scaling` : ''}`,
    `tokenizer   ${llama.tokenizer}${llama.hasChatTemplate ? ', with a chat template' : ''}`,
    ...llama.warnings.map((warning) => `warning     ${warning}`),
  )
  return lines.join('\n')
}

function totalsTable({ totals }: ModelInspection): string {
  return markdownTable(
    [
      { title: 'type', align: 'left', value: ({ type }) => type },
      { title: 'tensors', value: ({ tensors }) => String(tensors) },
      { title: 'parameters', value: ({ parameters }) => String(parameters) },
      { title: 'size', value: (total) => bytes(total.bytes) },
    ],
    totals,
  )
}

function metadataTable({ metadata }: ModelInspection): string {
  return markdownTable(
    [
      { title: 'metadata', align: 'left', value: ({ key }) => key },
      { title: 'value', align: 'left', value: ({ value }) => value },
    ],
    metadata,
  )
}

function tensorTable({ tensors }: ModelInspection): string {
  return markdownTable(
    [
      { title: 'tensor', align: 'left', value: ({ name }) => name },
      { title: 'type', align: 'left', value: ({ type }) => type },
      { title: 'shape', value: ({ shape }) => shape.join(' x ') },
      { title: 'size', value: ({ length }) => bytes(length) },
    ],
    tensors,
  )
}
