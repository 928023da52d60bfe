import { elements } from '../../graph/geometry.js'
import type { Graph } from '../../graph/graph.js'
import { newValues } from '../../graph/values.js'
import type { Isa } from '../../native/face.js'
import type { DetectorDescription } from './describe.js'
import { Detector } from './detector.js'
import { headsAtPeaks } from './peaks.js'
import type { PreprocessorOptions } from './preprocessor.js'
import { GraphSession } from './session.js'

/** A detector that is ready to run, until it is released. */
export interface LoadedDetector {
  readonly detector: Detector
  /** What a file would hold. */
  readonly weightBytes: number
  /** Where weights are in groups (w4, w2): whether their layers multiply floats or codes. */
  readonly activations?: 'f32' | 'int8' | undefined
  /** The kernels of one run. */
  readonly kernels: readonly { readonly op: string; readonly kernel: string; readonly calls: number }[]
  release(): void
}

export interface LoadDetectorOptions extends PreprocessorOptions {
  readonly isa?: Isa | undefined
  /** GraphSessionOptions.relaxed */
  readonly relaxed?: boolean | undefined
  /** The most that will be asked of it in an image: CenterNet's boxes are computed at so many peaks. Default 100. */
  readonly maxDetections?: number | undefined
}

/**
 * Makes a detector ready to run.
 * @param network the description's, or a quantized form of it
 * @throws FormatError where the network cannot be run
 */
export async function loadDetector(
  description: DetectorDescription,
  network: Graph,
  options: LoadDetectorOptions = {},
): Promise<LoadedDetector> {
  const { threads = 1, isa, relaxed, maxDetections } = options
  const atPeaks = headsAtPeaks(description.heads, maxDetections)
  const session = await GraphSession.create(network, { threads, isa, relaxed, atPeaks })
  try {
    const detector = new Detector(description, session, { ...options, peaks: atPeaks?.most })
    const kernels = await kernelsOf(session)
    const { weightBytes, activations } = session
    return { detector, weightBytes, activations, kernels, release: () => session.release() }
  } catch (error) {
    session.release()
    throw error
  }
}

/** One run says it, on any input. */
async function kernelsOf(session: GraphSession): Promise<LoadedDetector['kernels']> {
  const zeros = session.inputs.map(({ dtype, shape }) => newValues(dtype, elements(shape)))
  const { timings = [] } = await session.run(zeros, { timings: true })
  const calls = new Map<string, { op: string; kernel: string; calls: number }>()
  for (const { op, kernel } of timings) {
    const known = calls.get(kernel)
    if (known) known.calls++
    else calls.set(kernel, { op, kernel, calls: 1 })
  }
  return [...calls.values()]
}
