import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { writeTinyCenterNet } from '../models/detector/tiny-file.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { writeCellScenes } from './cell-scenes.js'
import { qnative } from './command-line.js'

const directory = temporaryDirectory()
const model = path.join(directory, 'model.json')
const images = path.join(directory, 'images')
/** The same scenes in other files. */
const scored = path.join(directory, 'scored')
const out = (name: string) => path.join(directory, name)
let annotations = ''

beforeAll(async () => {
  writeTinyCenterNet(directory)
  annotations = await writeCellScenes(scored, images)
})

const quantize = (name: string, ...args: string[]) =>
  qnative('quantize', '--model', model, '--out', out(name), ...args)
const calibrated = ['--calibration', images]

describe('qnative quantize of a detector', () => {
  test('writes a folder that other commands read, and says what was done', async () => {
    const { status, stdout, stderr } = await quantize('int8', '--precision', 'int8', ...calibrated)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/int8: int8, .* of the float model's/)
    expect(stdout).toContain('3 of 3 layers with weights are quantized')
    expect(stdout).toContain(`calibrated on 2 images of ${images}`)
    const inspected = await qnative('inspect', out('int8'))
    expect(inspected.stdout).toContain('format      qnative-graph, 2 files')
    expect(inspected.stdout).toContain(`quantized   int8 of model.json, calibrated on 2 images of ${images}`)
    const evaluate = (folder: string) =>
      qnative(
        ...['eval', 'coco', '--annotations', annotations, '--model', out('int8'), '--images', folder],
        ...['--score-threshold', '0.5', '--json'],
      )
    expect(JSON.parse((await evaluate(scored)).stdout).results[0].stats.AP50).toBeCloseTo(1, 9)
    const refused = await evaluate(images)
    expect(refused.status).toBe(1)
    expect(refused.stderr).toContain('expected images that the detector was not calibrated on, found 2 of 2')
    const { calibration } = JSON.parse(readFileSync(path.join(out('int8'), 'qnative.json'), 'utf8'))
    expect(calibration.hashes).toHaveLength(2)
  })

  test.each(['f16', 'dyn8', 'w4', 'w2'])('%s needs no images', async (precision) => {
    const { status, stdout } = await quantize(precision, '--precision', precision, '--json')
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ command: 'quantize', precision, layers: 3, dead: [] })
  })

  test('notes the activations, and other commands run them', async () => {
    const { status } = await quantize('w4a8', '--precision', 'w4', '--activations', 'int8')
    expect(status).toBe(0)
    const { precision, recipe } = JSON.parse(readFileSync(path.join(out('w4a8'), 'qnative.json'), 'utf8'))
    expect({ precision, recipe }).toEqual({ precision: 'w4', recipe: { activations: 'int8' } })
    const { stdout } = await qnative('inspect', out('w4a8'))
    expect(stdout).toContain('quantized   w4 with int8 activations of model.json')
  })

  test('leaves layers in float32', async () => {
    const flags = ['--keep', 'logits=f32', '--keep', 'box/scale=f32', '--observer', 'mse', '--json']
    const { stdout } = await quantize('kept', '--precision', 'int8', ...calibrated, ...flags)
    expect(JSON.parse(stdout)).toMatchObject({ layers: 3, floatLayers: 2 })
    const { recipe } = JSON.parse(readFileSync(path.join(out('kept'), 'qnative.json'), 'utf8'))
    expect(recipe).toEqual({ keep: ['logits', 'box/scale'], observer: 'mse' })
  })

  test('leaves as few as the AP allows', async () => {
    const auto = ['--auto-mixed', '--max-ap-drop', '0.01', '--annotations', annotations, '--images', images]
    const { stdout } = await quantize('mixed', '--precision', 'int8', ...calibrated, ...auto, '--json')
    expect(JSON.parse(stdout).mixed).toMatchObject({ keep: [], attempts: [{ kept: 0 }] })
  })

  test.each<[string[], string]>([
    [[], 'model.json is a detector, which needs --precision'],
    [['--bits', '4'], '--bits is of language models, and'],
    [['--precision', 'int8'], '--precision int8 needs --calibration, a folder of images'],
    [
      ['--precision', 'f16', '--observer', 'mse'],
      '--observer is of --precision int8, not of --precision f16',
    ],
    [
      ['--precision', 'w4', '--no-float-heads'],
      '--float-heads is of --precision int8, not of --precision w4',
    ],
    [
      ['--precision', 'dyn8', '--group-size', '32'],
      '--group-size is of --precision w4 and w2, not of --precision dyn8',
    ],
    [
      ['--precision', 'dyn8', '--activations', 'int8'],
      '--activations is of --precision w4 and w2, not of --precision dyn8',
    ],
    [
      ['--precision', 'w4', '--activations', 'static'],
      "argument 'static' is invalid. Allowed choices are f32, int8",
    ],
    [['--precision', 'f16', ...['--calibration', 'images']], '--calibration is of int8, w4 and w2'],
    [['--precision', 'int8', '--calibration', 'x', '--auto-mixed'], '--auto-mixed needs --max-ap-drop'],
    [['--precision', 'int8', '--calibration', 'x', '--max-ap-drop', '1'], '--max-ap-drop is of --auto-mixed'],
    [['--precision', 'w4', '--keep', 'logits'], "Expected LAYER=f32, got 'logits'."],
    [['--precision', 'w4', '--keep', 'nowhere=f32'], 'for keep, got nowhere'],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await quantize('refused', ...args)
    expect(stderr).toContain(message)
    expect(status).toBe(2)
    expect(existsSync(out('refused'))).toBe(false)
  })

  test('refuses a folder without images, what is no image, and what is there', async () => {
    const empty = path.join(directory, 'empty')
    mkdirSync(empty)
    const without = await quantize('none', '--precision', 'int8', '--calibration', empty)
    expect(without).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('expected one image or more, found none'),
    })
    writeInto(empty, 'a.png', 'no image')
    const broken = await quantize('none', '--precision', 'int8', '--calibration', empty)
    expect(broken).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('a.png: image: expected an image'),
    })
    const there = await quantize('images', '--precision', 'f16')
    expect(there).toMatchObject({ status: 1, stderr: expect.stringContaining('expected no such file yet') })
    const again = await qnative(
      'quantize',
      '--model',
      out('int8'),
      '--out',
      out('none'),
      '--precision',
      'f16',
    )
    expect(again).toMatchObject({ status: 1, stderr: expect.stringContaining('expected a float network') })
    expect(existsSync(out('none'))).toBe(false)
  })

  test('of a language model, the options of detectors are refused', async () => {
    const { status, stderr } = await qnative(
      ...['quantize', '--model', 'model.gguf', '--out', out('none'), '--bits', '4', '--observer', 'mse'],
    )
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--observer is of detectors'),
    })
  })
})

describe('qnative inspect --sensitivity', () => {
  test('lists the layers, the most sensitive first', async () => {
    const { status, stdout } = await qnative('inspect', model, '--sensitivity', 'int8', ...calibrated)
    expect(status).toBe(0)
    expect(stdout).toContain('int8: 3 layers with weights, the most sensitive first')
    expect(stdout).toMatch(/layer +operation +weights dB +activations dB +alone dB/)
    const json = await qnative('inspect', model, '--sensitivity', 'w4', ...calibrated, '--json')
    const { results, precision } = JSON.parse(json.stdout)
    expect(precision).toBe('w4')
    expect(results.map(({ layer }: { layer: string }) => layer).sort()).toEqual([
      'box/offset',
      'box/scale',
      'logits',
    ])
  })

  test.each<[string[], string]>([
    [['--sensitivity', 'int8'], '--sensitivity needs --calibration'],
    [['--calibration', 'images'], '--calibration is of --sensitivity'],
    [['--samples', '3'], '--samples is of --sensitivity'],
    [['--activations', 'int8'], '--activations is of --sensitivity'],
    [
      ['--sensitivity', 'dyn8', '--activations', 'int8', '--calibration', 'images'],
      '--activations int8 is of w4 and w2, not of --sensitivity dyn8',
    ],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await qnative('inspect', model, ...args)
    expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining(message) })
  })
})
