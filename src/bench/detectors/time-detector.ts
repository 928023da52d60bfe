// One detector, one precision, one image again and again: where the time goes, kernel by kernel.
import type { Graph } from '../../graph/graph.js'
import type { RgbImage } from '../../images/image.js'
import type { DetectorDescription } from '../../models/detector/describe.js'
import { Detector } from '../../models/detector/detector.js'
import { headsAtPeaks } from '../../models/detector/peaks.js'
import type { PreprocessorOptions } from '../../models/detector/preprocessor.js'
import { GraphSession } from '../../models/detector/session.js'
import type { Isa } from '../../native/face.js'
import type { ProfiledStep } from '../profile.js'

export interface TimeDetectorOptions extends PreprocessorOptions {
  readonly description: DetectorDescription
  /** The description's, or a quantized form of it. */
  readonly network: Graph
  readonly image: RgbImage
  /** Samples, as long as time allows. */
  readonly repeats: number
  /** Seconds after which no further sample is taken. */
  readonly seconds: number
  readonly threads: number
  readonly isa?: Isa | undefined
  /** GraphSessionOptions.relaxed */
  readonly relaxed?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** A step, and what kind of its op it is: "3x3 /2" of a convolution. */
export interface DetectorStep extends ProfiledStep {
  readonly kind: string
}

/** One image: the resizing, the steps of the network, the decoding. Times from the first image's start. */
export interface ImageRun {
  readonly startNs: number
  readonly durationNs: number
  readonly preprocessNs: number
  /** As JavaScript sees it. */
  readonly invokeNs: number
  readonly postprocessNs: number
  readonly steps: readonly DetectorStep[]
}

export interface DetectorRuns {
  readonly weightBytes: number
  /** Where weights are in groups (w4, w2): whether their layers multiply floats or codes. */
  readonly activations: 'f32' | 'int8' | null
  readonly runs: readonly ImageRun[]
}

/** A warm-up image, then the samples. */
export async function timeDetector(options: TimeDetectorOptions): Promise<DetectorRuns> {
  const { description, network, threads, isa, relaxed, repeats, seconds, signal } = options
  const session = await GraphSession.create(network, {
    threads,
    isa,
    relaxed,
    atPeaks: headsAtPeaks(description.heads),
  })
  try {
    const detector = new Detector(description, session, options)
    const timer = new ImageTimer(detector, session, options.image)
    await timer.run()
    timer.start()
    const runs: ImageRun[] = []
    const start = performance.now()
    while (runs.length < repeats && (runs.length === 0 || performance.now() - start < 1000 * seconds)) {
      signal?.throwIfAborted()
      runs.push(await timer.run())
    }
    return { weightBytes: session.weightBytes, activations: session.activations ?? null, runs }
  } finally {
    session.release()
  }
}

class ImageTimer {
  readonly #detector: Detector
  readonly #session: GraphSession
  readonly #image: RgbImage
  #origin = 0

  constructor(detector: Detector, session: GraphSession, image: RgbImage) {
    this.#detector = detector
    this.#session = session
    this.#image = image
  }

  start(): void {
    this.#origin = performance.now()
  }

  async run(): Promise<ImageRun> {
    const startNs = this.#now()
    const { values, placement } = await this.#detector.preprocessor.preprocess(this.#image)
    const preparedNs = this.#now()
    const { outputs, timings = [] } = await this.#session.run([values], { timings: true })
    const invokedNs = this.#now()
    this.#detector.postprocess(outputs as Float32Array[], placement)
    const endNs = this.#now()
    const { resize, fit } = this.#detector.preprocessor.preprocessing
    const network = timings.map(({ step, op, label, kernel, startNs, durationNs, bytes, operations }) => {
      const kind = kindOf(label, this.#session.program.steps[step]!.attributes)
      return { op, kind, label, kernel, startNs: preparedNs + startNs, durationNs, bytes, operations }
    })
    const outside = (op: string, kind: string, from: number, to: number): DetectorStep => {
      const span = { startNs: from, durationNs: to - from, bytes: 0, operations: 0 }
      return { op, kind, label: op, kernel: kind, ...span }
    }
    return {
      startNs,
      durationNs: endNs - startNs,
      preprocessNs: preparedNs - startNs,
      invokeNs: invokedNs - preparedNs,
      postprocessNs: endNs - invokedNs,
      steps: [
        outside('preprocess', `${resize}:${fit}`, startNs, preparedNs),
        ...network,
        outside('decode', decoders[this.#detector.description.heads.kind], invokedNs, endNs),
      ],
    }
  }

  #now(): number {
    return Math.round(1e6 * (performance.now() - this.#origin))
  }
}

/** What the decoders do, most of their time first. */
const decoders = {
  centernet: 'peaks, top-k',
  'sided-centernet': 'peaks, top-k',
  ssd: 'boxes, NMS',
} as const

/** Steps of heads that are computed at peaks only say so. */
function kindOf(label: string, attributes: Readonly<Record<string, number>>): string {
  if (label.endsWith('[at peaks]')) return 'at peaks'
  const height = attributes['kernel_h'] ?? attributes['window_h']
  if (height === undefined) return ''
  const width = attributes['kernel_w'] ?? attributes['window_w']
  const stride = attributes['stride_h'] ?? 1
  return `${height}x${width}${stride > 1 ? ` /${stride}` : ''}`
}
