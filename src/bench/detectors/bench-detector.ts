import type { Graph } from '../../graph/graph.js'
import {
  type Bound,
  type CeilingPoint,
  type Ceilings,
  ceilingPoint,
  higherCeilings,
  measureCeilings,
  roofline,
} from '../ceilings.js'
import { median, medianAbsoluteDeviation } from '../statistics.js'
import {
  type DetectorRuns,
  type DetectorStep,
  type ImageRun,
  type TimeDetectorOptions,
  timeDetector,
} from './time-detector.js'

export interface BenchDetectorOptions extends Omit<TimeDetectorOptions, 'network' | 'repeats' | 'seconds'> {
  /** For results. */
  readonly model: string
  readonly precisions: readonly {
    readonly precision: string
    /** Of the description's network. */
    network(): Promise<Graph>
  }[]
  /** Images of each precision, as long as time allows. Default 20. */
  readonly repeats?: number | undefined
  /** Seconds after which a precision takes no further image. Default 10. */
  readonly seconds?: number | undefined
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** All calls of one kernel for one kind of layer, an image. */
export interface DetectorKernelResult {
  readonly precision: string
  /** Of the precision, as DetectorBenchResult's. */
  readonly activations: 'f32' | 'int8' | null
  readonly op: string
  /** Window and stride: "3x3 /2"; empty for an op without them. */
  readonly kind: string
  readonly kernel: string
  readonly calls: number
  /** Of all calls together: the median over images. */
  readonly medianNs: number
  readonly madNs: number
  readonly minNs: number
  /** Of the image's time, 0 to 1. */
  readonly share: number
  /** At the median; null for what is not of the network. */
  readonly gbPerS: number | null
  /** A multiply-add counts two. */
  readonly gopPerS: number | null
  /** Of what `bound` names, at the median. */
  readonly percentOfCeiling: number | null
  readonly bound: Bound | null
}

/** A whole image at one precision. */
export interface DetectorBenchResult {
  readonly model: string
  readonly precision: string
  /** Whether layers with weights in groups (w4, w2) multiply floats or codes; null where there are none. */
  readonly activations: 'f32' | 'int8' | null
  readonly medianNs: number
  readonly madNs: number
  readonly minNs: number
  readonly samplesNs: readonly number[]
  readonly preprocessNs: number
  readonly invokeNs: number
  readonly postprocessNs: number
  /** Of the network's time, 0 to 1: what its steps do not account for. */
  readonly overhead: number
  /** At the median. */
  readonly imagesPerSecond: number
  readonly weightBytes: number
}

export interface DetectorBench {
  /** percentOfCeiling is of the higher of the two. */
  readonly ceilings: { readonly start: Ceilings; readonly end: Ceilings }
  /** The most expensive first, precision by precision. */
  readonly results: readonly DetectorKernelResult[]
  readonly models: readonly DetectorBenchResult[]
  /** Every image that was timed, for a trace. */
  readonly runs: readonly {
    readonly precision: string
    readonly activations: 'f32' | 'int8' | null
    readonly images: readonly ImageRun[]
  }[]
}

/** Of last-level cache, for a CPU that does not say. */
const ASSUMED_CACHE = 64 * 2 ** 20

/** Times every kernel of a detector at several precisions, on one image. */
export async function benchDetector(options: BenchDetectorOptions): Promise<DetectorBench> {
  const { model, precisions, repeats = 20, seconds = 10, threads, isa, signal, onProgress } = options
  const start = await measureCeilings({ threads, isa, signal })
  const timed: { precision: string; runs: DetectorRuns }[] = []
  for (const [i, { precision, network }] of precisions.entries()) {
    onProgress?.(i, precisions.length)
    const runs = await timeDetector({ ...options, network: await network(), repeats, seconds })
    timed.push({ precision, runs })
  }
  const end = await measureCeilings({ threads, isa, signal })
  const ceiling = higherCeilings(ceilingPoint(start), ceilingPoint(end))
  const cacheBytes = start.lastLevelCacheBytes || ASSUMED_CACHE
  return {
    ceilings: { start, end },
    results: timed.flatMap(({ precision, runs }) => kernelResults(precision, runs, ceiling, cacheBytes)),
    models: timed.map(({ precision, runs }) => ({ model, precision, ...imageResult(runs) })),
    runs: timed.map(({ precision, runs: { activations, runs } }) => ({
      precision,
      activations,
      images: runs,
    })),
  }
}

function imageResult({
  weightBytes,
  activations,
  runs,
}: DetectorRuns): Omit<DetectorBenchResult, 'model' | 'precision'> {
  const middle = (value: (run: ImageRun) => number) => median(runs.map(value))
  const samplesNs = runs.map(({ durationNs }) => durationNs)
  const medianNs = median(samplesNs)
  return {
    activations,
    medianNs,
    madNs: medianAbsoluteDeviation(samplesNs),
    minNs: Math.min(...samplesNs),
    samplesNs,
    preprocessNs: middle(({ preprocessNs }) => preprocessNs),
    invokeNs: middle(({ invokeNs }) => invokeNs),
    postprocessNs: middle(({ postprocessNs }) => postprocessNs),
    overhead: middle(({ invokeNs, steps }) => 1 - sum(steps.filter(isOfNetwork), durationOf) / invokeNs),
    imagesPerSecond: 1e9 / medianNs,
    weightBytes,
  }
}

function kernelResults(
  precision: string,
  { activations, runs }: DetectorRuns,
  ceiling: CeilingPoint,
  cacheBytes: number,
): DetectorKernelResult[] {
  const imageNs = median(runs.map(({ durationNs }) => durationNs))
  return [...grouped(runs)]
    .map(([, images]): DetectorKernelResult => {
      const steps = images[0]!
      const { op, kind, kernel } = steps[0]!
      const times = images.map((image) => sum(image, durationOf))
      const medianNs = median(times)
      const common = {
        precision,
        activations,
        op,
        kind,
        kernel,
        calls: steps.length,
        medianNs,
        madNs: medianAbsoluteDeviation(times),
        minNs: Math.min(...times),
        share: medianNs / imageNs,
      }
      if (!isOfNetwork(steps[0]!)) {
        return { ...common, gbPerS: null, gopPerS: null, percentOfCeiling: null, bound: null }
      }
      const bytes = sum(steps, (step) => step.bytes)
      const operations = sum(steps, (step) => step.operations)
      // A step reads what another has just written: from memory only where the caches cannot hold it.
      const source = bytes / steps.length > cacheBytes ? 'dram' : 'cache'
      const arithmetic = /u8|dynamic/.test(op) ? 'int8' : 'f32'
      return {
        ...common,
        gbPerS: bytes / medianNs,
        gopPerS: operations / medianNs,
        ...roofline({ bytes, source, operations, arithmetic }, medianNs, ceiling),
      }
    })
    .sort((a, b) => b.medianNs - a.medianNs)
}

/** Steps of one kernel and kind: a list an image. */
function grouped(runs: readonly ImageRun[]): Map<string, DetectorStep[][]> {
  const groups = new Map<string, DetectorStep[][]>()
  runs.forEach(({ steps }, image) => {
    for (const step of steps) {
      const key = `${step.kernel} ${step.kind}`
      const images = groups.get(key) ?? runs.map(() => [])
      images[image]!.push(step)
      groups.set(key, images)
    }
  })
  return groups
}

function isOfNetwork({ op }: DetectorStep): boolean {
  return op !== 'preprocess' && op !== 'decode'
}

function durationOf({ durationNs }: DetectorStep): number {
  return durationNs
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0)
}
