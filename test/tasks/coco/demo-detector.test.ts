// The demo's CenterNet with weights of 4 bits: what int8 activations cost in AP.
import path from 'node:path'
import { expect, test } from 'vitest'
import { describeDetector } from '../../../src/models/detector/describe.js'
import { openNetwork } from '../../../src/models/detector/open.js'
import { packageRoot } from '../../../src/native/package.js'
import { detectorsAt } from '../../../src/quantize/detector/precisions.js'
import type { ActivationType } from '../../../src/quantize/detector/recipe.js'
import { evaluateDetector } from '../../../src/tasks/coco/evaluate-detector.js'

const file = (name: string) => path.join(packageRoot, 'demo', 'centernet', name)

async function evaluate(activations: ActivationType) {
  const description = describeDetector(await openNetwork(file('model.tflite')))
  const { results } = await evaluateDetector({
    model: 'demo',
    precisions: detectorsAt(description, ['w4'], { activations, threads: 2 }),
    annotations: file('annotations.json'),
    images: file('images'),
  })
  return results[0]!
}

test('w4 with int8 activations against w4 with float ones', async () => {
  const float = await evaluate('f32')
  const integer = await evaluate('int8')
  console.log(`demo AP, w4: f32 activations ${float.stats.AP}, int8 activations ${integer.stats.AP}`)
  expect([float.activations, integer.activations]).toEqual(['f32', 'int8'])
  expect(integer.weightBytes).toBe(float.weightBytes)
  expect(integer.kernels.some(({ op }) => op === 'conv2d_dynamic_packed')).toBe(true)
  expect(float.kernels.some(({ op }) => op.includes('dynamic'))).toBe(false)
  expect(Math.abs(integer.stats.AP - float.stats.AP)).toBeLessThan(0.02)
})
