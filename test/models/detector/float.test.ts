import { expect, test } from 'vitest'
import { optimize } from '../../../src/graph/optimize.js'
import { openTfliteGraph } from '../../../src/graph/tflite/convert.js'
import { readValues } from '../../../src/graph/values.js'
import { checkConvertible, widenWeights } from '../../../src/models/detector/float.js'
import { describeWithAssets, sharedAsset } from '../../shared.js'
import { tinyCenterNet } from './tiny.js'

test('a float network converts', () => {
  const graph = tinyCenterNet()
  expect(() => checkConvertible(graph, 'f32')).not.toThrow()
  expect(widenWeights(graph).nodes).toEqual(graph.nodes)
})

describeWithAssets('tflite-mini', ['tflite-mini'], () => {
  const open = (precision: string) =>
    openTfliteGraph(sharedAsset(`tflite-mini/ssd_mobilenet_v2.${precision}.tflite`))

  test('float16 weights widen, and give the same numbers', async () => {
    const half = await open('f16')
    const wide = widenWeights(half)
    const dtypes = (graph: typeof half) =>
      new Set(optimize(graph).nodes.flatMap(({ inputs }) => inputs.map(({ dtype }) => dtype)))
    expect(dtypes(half)).toContain('f16')
    expect(dtypes(wide)).not.toContain('f16')
    const constants = (graph: typeof half) =>
      optimize(graph).nodes.flatMap(({ inputs }) => inputs.filter(({ constant }) => constant))
    const bytes = (graph: typeof half) =>
      constants(graph).map((tensor) => Buffer.from(readValues(tensor).buffer))
    expect(Buffer.concat(bytes(wide)).equals(Buffer.concat(bytes(half)))).toBe(true)
  })

  test.each(['dyn8', 'int8', 'int8io'])('a file of %s is refused by name', async (precision) => {
    const graph = await open(precision)
    expect(() => checkConvertible(graph, 'f32')).toThrow(
      /ssd_mobilenet_v2\.\w+\.tflite: precision f32: expected a float network to convert, found \w+\[[\d,]+\] with scales/,
    )
  })
})
