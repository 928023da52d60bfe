import type { ModuleReport } from '../quantize/quantize-block.js'
import type { QuantizeResult } from '../quantize/quantize-llama.js'
import { bytes, duration, significant } from './numbers.js'
import { type Column, textTable } from './table.js'

/** One line a block: each layer's loss, and what rounding to nearest would have lost. */
export function blockLine(reports: readonly ModuleReport[]): string {
  const parts = reports.map(({ name, loss, rtnLoss, fallback }) => {
    const ratio = rtnLoss > 0 ? loss / rtnLoss : 1
    return `${name} ${significant(loss)} (${significant(ratio, 2)}${fallback ? ', rounded to nearest' : ''})`
  })
  return `block ${reports[0]!.block}: ${parts.join(', ')}`
}

interface NameTotal {
  readonly name: string
  readonly modules: number
  readonly bits: number
  readonly loss: number
  readonly rtnLoss: number
}

const columns: readonly Column<NameTotal>[] = [
  { title: 'layers', align: 'left', value: ({ name }) => name },
  { title: 'count', value: ({ modules }) => modules },
  { title: 'bits', value: ({ bits }) => bits, text: ({ bits }) => significant(bits, 2) },
  { title: 'loss', value: ({ loss }) => loss, text: ({ loss }) => significant(loss) },
  {
    title: 'of round-to-nearest',
    value: ({ loss, rtnLoss }) => loss / rtnLoss,
    text: ({ loss, rtnLoss }) => significant(loss / rtnLoss),
  },
]

/** What `qnative quantize` prints. */
export function quantizeText(result: QuantizeResult): string {
  const { modules, milliseconds, calibration } = result
  const names = [...new Set(modules.map(({ name }) => name))]
  const totals = names.map((name) =>
    total(
      name,
      modules.filter((report) => report.name === name),
    ),
  )
  const ms = (value: number) => duration(value * 1e6)
  const fallbacks = modules.filter(({ fallback }) => fallback !== undefined)
  return [
    `${result.out}: ${result.format}, ${significant(result.bitsPerWeight, 4)} bits per weight, ${bytes(result.bytes)}`,
    calibration
      ? `calibrated on ${calibration.source}: ${calibration.sequences} sequences, ${calibration.tokens} tokens`
      : 'without calibration',
    textTable(columns, totals),
    calibration
      ? 'loss: twice the mean squared error of the outputs on the calibration text, summed over outputs and layers.'
      : 'loss: squared error of the weights.',
    ...(fallbacks.length > 0
      ? [`${fallbacks.length} layers are rounded to nearest: ${fallbacks.map(fallbackText).join('; ')}`]
      : []),
    `${ms(milliseconds.total)}: forward ${ms(milliseconds.forward)}, Hessians ${ms(milliseconds.hessian)}, solving ${ms(milliseconds.solve)}`,
  ].join('\n\n')
}

function fallbackText({ block, name, fallback }: ModuleReport): string {
  return `blocks.${block}.${name} (${fallback})`
}

function total(name: string, reports: readonly ModuleReport[]): NameTotal {
  const sum = (value: (report: ModuleReport) => number) =>
    reports.reduce((all, report) => all + value(report), 0)
  return {
    name,
    modules: reports.length,
    bits: sum(({ bits }) => bits) / reports.length,
    loss: sum(({ loss }) => loss),
    rtnLoss: sum(({ rtnLoss }) => rtnLoss),
  }
}
