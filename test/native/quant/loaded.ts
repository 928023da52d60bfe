/** Loading one weight, and looking at what the kernels see of it. */
import type { WeightHandle, WeightInfo, WeightSource, WeightTarget } from '../../../src/native/face.js'
import { Session } from '../../../src/native/session.js'
import { loadWeights } from '../../../src/native/weight.js'
import { ProgramBuilder } from '../../../src/program/builder.js'

export async function load(from: WeightSource, target: WeightTarget, threads = 2): Promise<WeightInfo> {
  const [weight] = await loadWeights([{ name: 'w', source: from, target }], threads)
  return weight!
}

/** What the kernels see, [rows, cols]: the product with the identity matrix. */
export async function valuesOf(weight: {
  handle: WeightHandle
  rows: number
  cols: number
}): Promise<Float32Array> {
  const { rows, cols } = weight
  const builder = new ProgramBuilder()
  const x = builder.input('x', 'f32', cols, cols)
  const y = builder.intermediate('f32', cols, rows)
  builder.step('linear', 'linear', [x, builder.weight('w', rows, cols)], [y])
  builder.output('y', y)
  const session = new Session(builder.build(), new Map([['w', weight.handle]]), {
    threads: 1,
    isa: 'reference',
  })
  const identity = new Float32Array(cols * cols)
  for (let k = 0; k < cols; ++k) identity[k * cols + k] = 1
  const { outputs } = await session.run({}, { x: identity })
  session.close()
  const product = outputs['y']!.data
  return Float32Array.from(
    { length: rows * cols },
    (_, i) => product[(i % cols) * rows + Math.floor(i / cols)]!,
  )
}
