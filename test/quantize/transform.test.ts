import { expect, test } from 'vitest'
import { openLlama } from '../../src/models/llama/checkpoint.js'
import { type LinearName, linearNames, linearShapes } from '../../src/models/llama/program.js'
import type { BlockWeights } from '../../src/quantize/block-weights.js'
import { hadamard } from '../../src/quantize/solver.js'
import { rotateBlock, rotationBlock } from '../../src/quantize/transform.js'
import { writeTinyHuggingFace } from '../models/llama/tiny.js'
import { normal } from '../native/kernels/random.js'
import { temporaryDirectory } from '../temporary.js'
import { type Rows, runBlock } from './float64-block.js'

test('the rotation takes the largest blocks that divide the width', () => {
  expect([576, 2048, 3072, 7].map(rotationBlock)).toEqual([64, 2048, 1024, 1])
})

test('a rotated block gives the rotated output for the rotated input', async () => {
  const { config } = await openLlama(writeTinyHuggingFace(temporaryDirectory()))
  const { hiddenSize } = config
  const shapes = linearShapes(config)
  const weights: BlockWeights = {
    linear: Object.fromEntries(
      linearNames.map((name, i) => [
        name,
        normal(i + 1, shapes[name][0] * shapes[name][1]).map((w) => 0.3 * w),
      ]),
    ) as Record<LinearName, Float32Array>,
    attentionNorm: normal(20, hiddenSize),
    mlpNorm: normal(21, hiddenSize),
  }
  const lengths = [7, 4]
  const tokens = 11
  const rows = (values: Float32Array): Rows =>
    Array.from({ length: tokens }, (_, t) =>
      Array.from(values.subarray(t * hiddenSize, (t + 1) * hiddenSize)),
    )
  const rotate = (values: Float32Array) =>
    rows(hadamard(values, tokens, hiddenSize, { block: rotationBlock(hiddenSize), side: 'columns' }))
  const x = normal(30, tokens * hiddenSize)
  const plain = runBlock(weights, config, rows(x), lengths)
  const rotated = runBlock(rotateBlock(weights, config), config, rotate(x), lengths)
  const expected = rotate(Float32Array.from(plain.output.flat())).flat()
  const largest = Math.max(...expected.map(Math.abs))
  rotated.output.flat().forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5 * largest)
  })
  // v against o as well, though both ends of it are inside the block.
  expect(rotated.mixed).not.toEqual(plain.mixed)
})
