import { describe, expect, it } from 'vitest'
import { calibrate } from '../../../src/quantize/detector/calibrate.js'
import { measureLayerInputs } from '../../../src/quantize/detector/layer-inputs.js'
import { conv, mul, SmallGraph } from '../../graph/small.js'
import { oracle, waves } from './oracle-runner.js'

function network() {
  const g = new SmallGraph()
  const x = g.input(1, 6, 6, 4)
  const y = g.node({ op: 'sqrt' }, [x])
  const c = g.node(conv, [y, g.numbers([256, 1, 1, 4])])
  return { graph: g.build(g.node(mul, [c, g.scalar(2)])) }
}

describe('calibrate', () => {
  it('finds the range of what becomes codes, over all samples', async () => {
    const g = new SmallGraph()
    const x = g.input(1, 5, 5, 3)
    const c = g.node({ ...conv, activation: 'relu' }, [x, g.numbers([4, 1, 1, 3])])
    const graph = g.build(g.node({ op: 'sigmoid' }, [c]))
    const samples = waves(graph, 3)
    const {
      ranges,
      samples: count,
      dead,
    } = await calibrate(graph, samples, { open: oracle, observer: 'min-max' })
    const all = samples.flatMap(({ inputs }) => [...inputs[0]!])
    expect(count).toBe(3)
    expect(dead).toEqual([])
    expect([...ranges.keys()]).toEqual([x.name, c.name])
    expect(ranges.get(x.name)).toEqual({ low: Math.min(...all), high: Math.max(...all) })
    expect(ranges.get(c.name)!.low).toBe(0)
  })

  it('says which tensors are nothing but zeros', async () => {
    const g = new SmallGraph()
    const x = g.input(1, 4, 4, 1)
    const weights = g.builder.numbers('none', 'f32', [2, 1, 1, 1], [0, 0])
    const c = g.node({ ...conv, activation: 'relu' }, [x, weights])
    const graph = g.build(c)
    expect((await calibrate(graph, waves(graph, 1), { open: oracle })).dead).toEqual([c.name])
  })

  it('refuses values that are not finite, naming tensor and sample', async () => {
    const { graph } = network()
    const samples = waves(graph, 2)
    // The square root of a negative number is not one.
    await expect(calibrate(graph, samples, { open: oracle })).rejects.toThrow(
      'small: tensor "sqrt0": expected finite values, found NaN at 2 on wave 0',
    )
    await expect(measureLayerInputs(graph, samples, { open: oracle })).rejects.toThrow(
      'small: tensor "sqrt0": expected finite values, found NaN on wave 0',
    )
  })

  it('refuses no samples, and samples of one value', async () => {
    const { graph } = network()
    await expect(calibrate(graph, [], { open: oracle })).rejects.toThrow(
      'small: calibration: expected at least one sample, found none',
    )
    await expect(measureLayerInputs(graph, [], { open: oracle })).rejects.toThrow('found none')
    const black = [{ name: 'black', inputs: [new Float32Array(6 * 6 * 4).fill(1)] }]
    await expect(calibrate(graph, black, { open: oracle })).rejects.toThrow(
      'small: input "x": expected samples that differ somewhere, found 1 everywhere in all 1',
    )
  })

  it('refuses a graph that is quantized already', async () => {
    const g = new SmallGraph()
    const codes = g.node({ op: 'quantize', to: 'i8' }, [g.input(1, 2, 2, 4)], 0.5)
    const graph = g.build(codes)
    await expect(calibrate(graph, waves(graph, 1), { open: oracle })).rejects.toThrow(
      'expected a float network to quantize, found i8[1,2,2,4] with scales',
    )
  })

  it('stops when it is told to', async () => {
    const { graph } = network()
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(calibrate(graph, waves(graph, 2), { open: oracle, signal })).rejects.toThrow('enough')
  })
})
