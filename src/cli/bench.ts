import { Command, Option } from 'commander'
import { ceilingDrift, ceilingPoint } from '../bench/ceilings.js'
import { type DetectorPreset, detectorPresets } from '../bench/detectors/presets.js'
import { benchKernels, type KernelBench } from '../bench/kernel-bench.js'
import type { WeightBits } from '../bench/kernel-case.js'
import { benchModel, type ModelBenchResult } from '../bench/model-bench.js'
import { type Preset, presets } from '../bench/presets.js'
import { openLlama } from '../models/llama/checkpoint.js'
import type { LlamaBits } from '../models/llama/precision.js'
import type { Activations } from '../models/llama/program.js'
import { precisionNames } from '../quantize/detector/precisions.js'
import {
  ceilingColumns,
  ceilingRows,
  driftText,
  kernelColumns,
  kernelLegend,
  modelColumns,
} from '../report/bench.js'
import { jsonDocument } from '../report/document.js'
import { type Column, csvTable, markdownTable, textTable } from '../report/table.js'
import { benchPreset, type DetectorBenchFlags } from './bench-detector.js'
import { addRelaxedOption, detectorCompute } from './detector-options.js'
import { UsageError } from './errors.js'
import { addComputeOptions, type ComputeFlags, computeOptions, integerList, listOf } from './options.js'
import { ProgressLine } from './progress.js'

type Bits = WeightBits | LlamaBits

interface BenchFlags extends ComputeFlags, Omit<DetectorBenchFlags, 'preprocess' | 'activations'> {
  readonly preset?: Preset | DetectorPreset
  readonly model?: string
  readonly bits: Bits[]
  readonly activations: Activations[]
  readonly tokens: number[]
  readonly hot?: boolean
  readonly cold?: boolean
}

const widths = ['8', '4', '2', 'f32', 'nf4', 'f16', 'bf16', 'native', 'llm.int8'] as const
const modes: readonly Activations[] = ['f32', 'int8']

export function benchCommand(): Command {
  const names = [...Object.keys(presets), ...Object.keys(detectorPresets)]
  const command = new Command('bench')
    .description("time every kernel at a model's shapes, on random weights, against this machine's ceilings")
    .addOption(new Option('--preset <name>', `whose shapes (default: ${names[0]})`).choices(names))
    .addOption(
      new Option('--model <path>', 'the shapes of this model, and its prefill and decode speed').conflicts(
        'preset',
      ),
    )
    .option(
      '--bits <list>',
      'weights: 8, 4, 2, f32, nf4; of kernels also f16, bf16; of --model also native, llm.int8',
      (text) => listOf(widths)(text).map(toBits),
      [8, 4, 2] as Bits[],
    )
    .option(
      '--activations <list>',
      'inputs of layers with integer weights, of a detector those of w4 and w2 (default there: f32)',
      listOf(modes),
      [...modes],
    )
    .option(
      '--tokens <list>',
      'tokens a call: 1 is decoding, many are a prompt',
      (text) => [...new Set(integerList(1)(text))],
      [1, 512],
    )
    .addOption(new Option('--cold', 'weights come from memory (default)').conflicts('hot'))
    .option('--hot', 'weights come from cache, as far as it holds them')
    .option(
      '--precision <list>',
      `of a detector, several of ${precisionNames.join(', ')} (default: native, which is f32)`,
      listOf(precisionNames),
    )
    .option(
      '--trace <file>',
      'of a detector: write every step as a Chrome trace, for https://ui.perfetto.dev',
    )
    .addOption(new Option('--json', 'write one JSON document').conflicts(['markdown', 'csv']))
    .addOption(new Option('--markdown', 'write Markdown tables').conflicts('csv'))
    .option('--csv', 'write the kernels (with --model: the tests of the model) as CSV')
  return addComputeOptions(addRelaxedOption(command))
    .addHelpText(
      'after',
      `
Examples:
  qnative bench
  qnative bench --preset llama-3.2-3b --bits 4 --activations int8 --tokens 1
  qnative bench --model model.gguf --bits native,8,4 --json
  qnative bench --preset ssd-mobilenet-v2-320 --threads 1 --trace trace.json
  qnative bench --preset centernet-mb3 --precision dyn8,w4 --activations f32,int8`,
    )
    .action(bench)
}

function toBits(name: (typeof widths)[number]): Bits {
  return name === '8' || name === '4' || name === '2' ? (Number(name) as 8 | 4 | 2) : name
}

const llamaOptions = ['bits', 'tokens', 'hot', 'cold'] as const
const detectorOptions = ['precision', 'trace', 'relaxed'] as const

async function bench(flags: BenchFlags, command: Command): Promise<void> {
  const { preset = 'smollm-135m' } = flags
  const isDetector = isDetectorPreset(preset)
  const foreign = (isDetector ? llamaOptions : detectorOptions).find(
    (name) => command.getOptionValueSource(name) === 'cli',
  )
  if (foreign) throw new UsageError(`--${foreign} is of ${isDetector ? 'Llamas' : 'detectors'}`)
  if (isDetector) {
    const given = command.getOptionValueSource('activations') === 'cli'
    const activations: Activations[] = given ? flags.activations : ['f32']
    return benchPreset(preset, { ...flags, activations }, detectorCompute(flags))
  }
  await benchLlama(preset, flags)
}

function isDetectorPreset(preset: Preset | DetectorPreset): preset is DetectorPreset {
  return Object.hasOwn(detectorPresets, preset)
}

async function benchLlama(preset: Preset, flags: BenchFlags): Promise<void> {
  const { kernelBits, modelBits } = splitBits(flags)
  const compute = computeOptions(flags)
  const checkpoint = flags.model === undefined ? undefined : await openLlama(flags.model)
  const progress = new ProgressLine()
  let kernels: KernelBench
  let models: ModelBenchResult[] | undefined
  try {
    kernels = await benchKernels({
      ...compute,
      shape: checkpoint?.config ?? presets[preset],
      bits: kernelBits,
      activations: flags.activations,
      tokens: flags.tokens,
      weights: flags.hot ? 'hot' : 'cold',
      onProgress: (done, total) => progress.update('timing kernels', done, total),
    })
    if (checkpoint) {
      models = await benchModel({
        ...compute,
        checkpoint,
        bits: modelBits,
        activations: flags.activations,
        onProgress: (done, total) => progress.update('timing the model', done, total),
      })
    }
  } finally {
    progress.clear()
  }
  process.stdout.write(`${render(flags, compute, kernels, models)}\n`)
}

/** Kernels know f16 and bf16, whole models the types that they are stored in, and schemes of more than one op. */
function splitBits({ bits, model }: BenchFlags): { kernelBits: WeightBits[]; modelBits: LlamaBits[] } {
  const kernelBits = bits.filter((width) => width !== 'native' && width !== 'llm.int8')
  const modelBits = bits.filter((width) => width !== 'f16' && width !== 'bf16')
  if (model === undefined && kernelBits.length < bits.length) {
    throw new UsageError('--bits native and llm.int8 are of the weights of a --model')
  }
  if (model !== undefined && modelBits.length < bits.length) {
    throw new UsageError(
      '--bits f16 and bf16 are of kernels alone: with --model, expected native, f32, 8, 4, 2, nf4 or llm.int8',
    )
  }
  return { kernelBits, modelBits }
}

function render(
  flags: BenchFlags,
  compute: ReturnType<typeof computeOptions>,
  { ceilings, results }: KernelBench,
  models: ModelBenchResult[] | undefined,
): string {
  const drift = driftText(ceilingDrift(ceilingPoint(ceilings.start), ceilingPoint(ceilings.end)))
  if (drift) console.error(`warning: ${drift}`)
  if (flags.json) return jsonDocument('bench', compute, { ceilings, results, ...(models && { models }) })
  if (flags.csv) return models ? csvTable(modelColumns, models) : csvTable(kernelColumns, results)
  const table: <Row>(columns: readonly Column<Row>[], rows: readonly Row[]) => string = flags.markdown
    ? markdownTable
    : textTable
  const parts = [
    table(ceilingColumns, ceilingRows(ceilings.start, ceilings.end)),
    table(kernelColumns, results),
    kernelLegend,
  ]
  if (models) parts.push(table(modelColumns, models))
  return parts.join('\n\n')
}
