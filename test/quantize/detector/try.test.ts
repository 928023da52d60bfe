import { it } from 'vitest'
import { calibrate } from '../../../src/quantize/detector/calibrate.js'
import { observers } from '../../../src/quantize/detector/observers.js'
import { quantizeGraph } from '../../../src/quantize/detector/quantize-graph.js'
import { optimize } from '../../../src/graph/optimize.js'
import { run } from '../../graph/oracle/run.js'
import { decibels, miniFloats, miniModels, openMini } from './mini.js'
import { oracle } from './oracle-runner.js'
it.each(miniModels)('%s', async (model) => {
  const graph = await openMini(model, 'f32')
  const input = miniFloats(`${model}.input`)
  const expected = run(graph, [input])
  const show = (name: string, outs: any[]) => console.log(model, name, outs.map((o, k) => decibels(expected[k]!, o).toFixed(1)).join(' '))
  const mirrored = input.map((x, i) => input[input.length - 1 - i]!)
  show('LiteRT int8', expected.map((_, k) => miniFloats(`${model}.int8.output${k}`)))
  show('LiteRT dyn8', expected.map((_, k) => miniFloats(`${model}.dyn8.output${k}`)))
  for (const p of ['f16', 'dyn8'] as const) show(p, run(optimize(quantizeGraph(graph, { precision: p })), [input]))
  for (const observer of observers) {
    const t = performance.now()
    const c = await calibrate(graph, [{ name: 'a', inputs: [input] }, { name: 'b', inputs: [mirrored] }], { open: oracle, observer })
    const ms = performance.now() - t
    for (const floatHeads of [true, false]) show(`${observer} ${floatHeads} ${ms.toFixed(0)}ms`, run(optimize(quantizeGraph(graph, { precision: 'int8', floatHeads }, c)), [input]))
  }
}, 100000)
