// How far a kernel's results are from the reference kernel's on the same weights and inputs.
import type { Isa, WeightInfo } from '../native/face.js'
import { type InputArray, Session } from '../native/session.js'
import { ProgramBuilder, type Tensor } from '../program/builder.js'
import { gatherRows } from '../program/ops.js'
import type { Binding, KernelCase } from './kernel-case.js'
import type { SessionSettings } from './kernel-timing.js'

/**
 * max |y - reference| / max |reference| over the case's checked tokens, and over as many outputs as the reference's
 * weight has rows.
 *
 * @param weight what the kernel under test reads; undefined if the op reads none
 * @param referenceWeight the first rows of the same matrix, or all of it
 */
export async function maxRelativeError(
  kernelCase: KernelCase,
  weight: WeightInfo | undefined,
  referenceWeight: WeightInfo | undefined,
  constants: ReadonlyMap<string, WeightInfo>,
  settings: SessionSettings,
): Promise<number> {
  const { rows, binding } = kernelCase.checked
  const tested = await results(kernelCase, kernelCase.binding, rows, weight, constants, settings)
  const all = rows.map((_, i) => i)
  const reference = await results(kernelCase, binding, all, referenceWeight, constants, {
    ...settings,
    isa: 'reference' satisfies Isa,
  })
  let difference = 0
  let largest = 0
  reference.forEach((row, r) => {
    row.forEach((value, i) => {
      // Not Math.max alone: it must not lose a NaN.
      const distance = Math.abs(tested[r]![i]! - value)
      difference = Number.isNaN(distance) ? Number.NaN : Math.max(difference, distance)
      largest = Math.max(largest, Math.abs(value))
    })
  })
  return difference === 0 ? 0 : difference / largest
}

/** The op's results for these tokens, a list of numbers each. */
async function results(
  kernelCase: KernelCase,
  binding: Binding,
  rows: readonly number[],
  weight: WeightInfo | undefined,
  constants: ReadonlyMap<string, WeightInfo>,
  settings: SessionSettings,
): Promise<number[][]> {
  const p = new ProgramBuilder(...Object.keys(binding.symbols), 'P')
  const handles = new Map([...constants].map(([name, info]) => [name, info.handle]))
  if (weight) handles.set('weight', weight.handle)
  const step = kernelCase.build(p, weight?.unit ?? 0)
  const y = step(weight && p.weight('weight', weight.rows, weight.cols))
  // Rows of floats are picked where they are, because all of a head's logits may be 100 MB.
  const picks = y.dtype === 'f32' && y.shape.length === 2
  const output = picks ? gatherRows(p, 'pick', y, p.input('picked', 'i32', 'P')) : y
  p.output('y', output)
  const session = new Session(p.build(), handles, settings)
  try {
    const picked = Int32Array.from(rows)
    const { outputs } = await session.run(
      { ...binding.symbols, P: rows.length },
      { ...binding.inputs, ...(picks && { picked }) },
    )
    const { data, shape } = outputs['y']!
    return rowsOf(data, shape[0]!, y).filter((_, i) => picks || rows.includes(i))
  } finally {
    session.close()
  }
}

function rowsOf(data: InputArray, count: number, tensor: Tensor): number[][] {
  const unit = /^q8x(\d+)$/.exec(tensor.dtype)?.[1]
  const width = data.length / count
  return Array.from({ length: count }, (_, i) => {
    const row = data.subarray(i * width, (i + 1) * width)
    return unit ? dequantized(row as Uint16Array, tensor.shape[1] as number, Number(unit)) : [...row]
  })
}

/** A row of quantized activations as numbers: codes, then a scale a block (native/core/quantized_row.h). */
function dequantized(row: Uint16Array, cols: number, unit: number): number[] {
  const blocks = Math.ceil(cols / unit)
  const codes = new Int8Array(row.buffer, row.byteOffset, cols)
  const scales = new Float32Array(row.buffer, row.byteOffset + blocks * unit, blocks)
  return Array.from(codes, (code, i) => code * scales[Math.floor(i / unit)]!)
}
