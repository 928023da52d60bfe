import type { Int8Matrix, TableMatrix } from '../../formats/bitsandbytes.js'
import type { GptqMatrix } from '../../formats/gptq.js'
import type { TensorSource } from '../../formats/tensor.js'
import { addon } from '../../native/addon.js'
import type { FileHandle, FileRange, WeightSource } from '../../native/face.js'
import type { MatrixSource } from './tensors.js'

/** Opens a file once, however many weights lie in it. */
export type OpenFile = (path: string) => FileHandle

export function fileOpener(): OpenFile {
  const files = new Map<string, FileHandle>()
  return (path) => {
    const file = files.get(path) ?? addon().openFile(path)
    files.set(path, file)
    return file
  }
}

/** What native code reads of a checkpoint's tensor: loadWeights and readMatrix take it. A vector is one row. */
export function weightSource(source: MatrixSource, open: OpenFile): WeightSource {
  if (source.kind === 'gptq') return gptqSource(source, open)
  if (source.kind === 'table') return tableSource(source, open)
  if (source.kind === 'int8') return int8Source(source, open)
  const [rows, cols] = source.shape.length === 1 ? [1, source.shape[0]!] : (source.shape as [number, number])
  const ropeHeads = source.rows?.heads ?? 0
  return { kind: 'file', ...fileRange(source, open), type: source.type, rows, cols, ropeHeads }
}

function gptqSource(matrix: GptqMatrix, open: OpenFile): WeightSource {
  const { bits, groupSize, shape, zeroPoints, qzeros, offsets, gIdx } = matrix
  return {
    kind: 'gptq',
    bits,
    rows: shape[0],
    cols: shape[1],
    groupSize,
    qweight: fileRange(matrix.qweight, open),
    scales: { ...fileRange(matrix.scales, open), type: matrix.scales.type as 'F16' | 'BF16' },
    ...(qzeros && { qzeros: fileRange(qzeros, open) }),
    ...(offsets && { offsets: fileRange(offsets, open) }),
    zeroPoints,
    ...(gIdx && { gIdx: fileRange(gIdx, open) }),
  }
}

function tableSource({ shape, blockSize, nested, ...matrix }: TableMatrix, open: OpenFile): WeightSource {
  return {
    kind: 'table',
    rows: shape[0],
    cols: shape[1],
    blockSize,
    codes: fileRange(matrix.codes, open),
    absmax: fileRange(matrix.absmax, open),
    table: fileRange(matrix.table, open),
    ...(nested && {
      nested: {
        absmax: fileRange(nested.absmax, open),
        table: fileRange(nested.table, open),
        blockSize: nested.blockSize,
        offset: nested.offset,
      },
    }),
  }
}

function int8Source({ shape, codes, absmax }: Int8Matrix, open: OpenFile): WeightSource {
  const [rows, cols] = shape
  return { kind: 'int8', rows, cols, codes: fileRange(codes, open), absmax: fileRange(absmax, open) }
}

function fileRange({ file, offset, length }: TensorSource, open: OpenFile): FileRange {
  return { file: open(file), offset, length }
}
