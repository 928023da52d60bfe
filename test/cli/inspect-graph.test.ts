import { expect, test } from 'vitest'
import { convolutionModel, tfliteBytes } from '../formats/tflite/writer.js'
import { describeWithAssets, sharedAsset } from '../shared.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { qnative } from './command-line.js'

const directory = temporaryDirectory()

test('qnative inspect tells what a .tflite file holds', async () => {
  const file = writeInto(directory, 'conv.tflite', tfliteBytes(convolutionModel('int8')))
  const { status, stdout, stderr } = await qnative('inspect', file)
  expect(stderr).toBe('')
  expect(status).toBe(0)
  expect(stdout).toMatch(/^format +tflite, 1 file, /)
  expect(stdout).toMatch(/^weights +57 numbers, 66 B$/m)
  // 16 pixels, 54 weights.
  expect(stdout).toMatch(/^work +0\.0 million multiply-adds$/m)
  expect(stdout).toMatch(/^input +x +i8 +1 x 4 x 4 x 2 +0\.500000 +-1 +-63\.50 to 64\.00$/m)
  expect(stdout).toMatch(/^output 0 +y +i8 +1 x 4 x 4 x 3 +0\.750000 +3 /m)
  expect(stdout).toMatch(/^CONV_2D +1$/m)
  expect(stdout).not.toMatch(/^detector/m)
})

test('qnative inspect --json has the same, and why a network cannot run', async () => {
  const model = convolutionModel('int8')
  const [operator] = model.operators
  const broken = { ...model, operators: [{ ...operator!, code: 119, options: [92, {}] as const }] }
  const file = writeInto(directory, 'while.tflite', tfliteBytes(broken))
  const { status, stdout } = await qnative('inspect', file, '--json')
  expect(status).toBe(0)
  const [result] = JSON.parse(stdout).results
  expect(result).toMatchObject({
    format: 'tflite',
    operators: [{ operator: 'WHILE', count: 1 }],
    parameters: 57,
  })
  expect(result.reason).toMatch(/node "y" \(WHILE .*expected an operator that qnative runs/)
  expect(result).not.toHaveProperty('network')
  expect((await qnative('inspect', file)).stdout).toMatch(/^model +none that qnative runs: .*WHILE/m)
})

test.each([
  ['cut.tflite', tfliteBytes(convolutionModel()).subarray(0, 100)],
  ['broken.json', Buffer.from('{"format": "graph-model"')],
])('qnative inspect refuses %s in one line', async (name, bytes) => {
  const { status, stdout, stderr } = await qnative('inspect', writeInto(directory, name, bytes))
  expect(stderr).toMatch(new RegExp(`^error: .+${name}: .+\\n$`))
  expect([status, stdout]).toEqual([1, ''])
})

describeWithAssets(
  'qnative inspect on real detectors',
  ['centernet-mb3', 'ssd-mobilenet-v1-coco-quant'],
  () => {
    test('shows a TensorFlow.js model’s outputs under their own names, and its work', async () => {
      const { stdout } = await qnative('inspect', sharedAsset('centernet-mb3/centernet.json'), '--json')
      const { network, parameters, operators } = JSON.parse(stdout).results[0]
      expect(network.outputs.map(({ name }: { name: string }) => name)).toEqual([
        'tower_0/wh',
        'tower_0/keypoints',
        'tower_0/detections',
      ])
      expect(network.multiplyAdds / 1e9).toBeCloseTo(1.295, 3)
      expect(parameters).toBe(2_015_065)
      expect(operators[0]).toEqual({ operator: 'Const', count: 267 })
    })

    test('shows which detector it is and how it wants its images', async () => {
      const centernet = await qnative('inspect', sharedAsset('centernet-mb3/centernet.json'))
      expect(centernet.stdout).toMatch(/^detector +MobileNetV3-CenterNet: .*; 80 classes$/m)
      expect(centernet.stdout).toMatch(
        /^images +RGB, cv2:letterbox, 0 to 255, float32 \(preset centernet-mb3\)$/m,
      )
      const ssd = await qnative('inspect', sharedAsset('ssd-mobilenet-v1-coco-quant/detect.tflite'), '--json')
      expect(JSON.parse(ssd.stdout).results[0].detector).toEqual({
        kind: 'ssd',
        decoder: expect.stringMatching(
          /TFLite_Detection_PostProcess.* NMS at 0\.60 whatever the class, 10 at most/,
        ),
        classes: 90,
        preset: 'ssd-mobilenet-quant',
        preprocessing: { resize: 'tf2', fit: 'stretch', normalization: 'raw', output: 'uint8' },
      })
    })

    test('warns of what eval would trip over', async () => {
      const { stdout } = await qnative('inspect', sharedAsset('ssd-mobilenet-v1-coco-quant/detect.tflite'))
      expect(stdout).toMatch(/^warning +input .*codes 0 to 255 stand for -1\.000 to 0\.9922/m)
      expect(stdout).toMatch(/^warning +detections: at most 10 an image, suppressed all classes together/m)
      expect(stdout).toMatch(/^warning +detections: classes count from 0/m)
    })
  },
)
