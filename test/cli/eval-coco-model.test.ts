import { mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { writeTinyCenterNet } from '../models/detector/tiny-file.js'
import { describeWithAssets, sharedAsset } from '../shared.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { writeCellScenes } from './cell-scenes.js'
import { qnative } from './command-line.js'

const directory = temporaryDirectory()
const model = path.join(directory, 'model.json')
const calibration = path.join(directory, 'calibration')
let annotations = ''

beforeAll(async () => {
  writeTinyCenterNet(directory)
  annotations = await writeCellScenes(directory, calibration)
})

const coco = (...args: string[]) =>
  qnative('eval', 'coco', '--annotations', annotations, '--model', model, '--images', directory, ...args)

describe('qnative eval coco --model', () => {
  test('--json has exactly the documented fields', async () => {
    const { status, stdout, stderr } = await coco('--json', '--score-threshold', '0.5', '--per-class')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const { results, warnings, command, environment } = JSON.parse(stdout)
    expect(command).toBe('eval coco')
    expect(environment).toHaveProperty('threads')
    expect(warnings).toEqual([])
    expect(results).toHaveLength(1)
    const [result] = results
    expect(Object.keys(result)).toEqual([
      ...['model', 'precision', 'images', 'stats', 'perClass'],
      ...['milliseconds', 'imagesPerSecond', 'weightBytes', 'kernels'],
    ])
    expect(result).toMatchObject({ model, precision: 'native', images: 2 })
    expect(result.stats).toMatchObject({ AP50: expect.closeTo(1, 9), APm: -1 })
    expect(Object.keys(result.milliseconds)).toEqual(['decode', 'preprocess', 'invoke', 'postprocess'])
    expect(result.kernels).toContainEqual({ op: 'conv2d', kernel: expect.any(String), calls: 3 })
  })

  test('writes a table, and detections that score the same', async () => {
    const written = path.join(directory, 'found.json')
    const { status, stdout } = await coco('--limit', '1', '--precision', 'f32', '--write-detections', written)
    expect(status).toBe(0)
    expect(stdout).toContain(`${model} against ${annotations}: 1 image (`)
    expect(stdout).toMatch(/^f32 +[\d.]+ KiB +1\.000 /m)
    expect(stdout).toMatch(/^f32 +preprocess /m)
    expect(JSON.parse(readFileSync(written, 'utf8'))[0]).toMatchObject({ image_id: 7, category_id: 5 })
  })

  test('every precision of a float file, each against f32', async () => {
    const { status, stdout, stderr } = await coco(
      ...['--precision', 'native,f32,f16,dyn8,int8,w4,w2', '--calibration', calibration],
      ...['--score-threshold', '0.5', '--json'],
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const { results } = JSON.parse(stdout)
    expect(results.map(({ precision }: { precision: string }) => precision)).toEqual([
      ...['native', 'f32', 'f16', 'dyn8', 'int8', 'w4', 'w2'],
    ])
    for (const { precision, stats, againstF32, weightBytes } of results) {
      // Two weights a channel, far apart: any number of bits holds them.
      expect(stats.AP, precision).toBeCloseTo(1, 9)
      expect(weightBytes, precision).toBeGreaterThan(0)
      if (precision === 'f32') expect(againstF32).toBeUndefined()
      else expect(againstF32, precision).toMatchObject({ AP: 0, boxesChanged: 0 })
    }
  })

  test('int8 activations, which no precision but w4 and w2 leaves open: 2', async () => {
    const refused = await coco(
      '--precision',
      'f32,int8',
      '--activations',
      'int8',
      '--calibration',
      calibration,
    )
    expect(refused.status).toBe(2)
    expect(refused.stderr).toBe('error: --activations int8 is of w4 and w2, not of --precision f32,int8\n')
  })

  test('images that int8 is calibrated on are not scored: 1', async () => {
    const { status, stderr } = await coco('--precision', 'int8', '--calibration', directory)
    expect(status).toBe(1)
    expect(stderr).toContain('expected images that the detector was not calibrated on, found 2 of 2')
  })

  test('int8 without images to calibrate on: 2', async () => {
    const { status, stderr } = await coco('--precision', 'int8')
    expect(status).toBe(2)
    expect(stderr).toBe('error: --precision int8 needs --calibration, a folder of images\n')
  })

  test.each([
    ['nowhere', 'folder: expected a folder of images, found none'],
    ['empty', 'folder: expected one image or more, found none'],
  ])('calibration images that are %s: 1', async (name, message) => {
    const folder = path.join(directory, name)
    if (name === 'empty') mkdirSync(folder)
    const { status, stderr } = await coco('--precision', 'int8', '--calibration', folder)
    expect(status).toBe(1)
    expect(stderr).toBe(`error: ${folder}: ${message}\n`)
  })

  test('a threshold above every score: 2', async () => {
    const { status, stderr } = await coco('--score-threshold', '1.5')
    expect(status).toBe(2)
    expect(stderr).toContain("Expected a number of 0 or more and below 1, got '1.5'")
  })

  test.each([
    ['gone/found.json', 'expected a file in a folder, found no such folder'],
    ['', 'expected a file, found a folder'],
  ])('--write-detections %s, which cannot be written: 2, before anything runs', async (name, message) => {
    const file = path.join(directory, name)
    expect(await coco('--write-detections', file)).toEqual({
      status: 2,
      stdout: '',
      stderr: `error: --write-detections ${file}: ${message}\n`,
    })
  })

  test('an image that is not there: 1, one line, before anything runs', async () => {
    const content = JSON.parse(readFileSync(annotations, 'utf8'))
    const images = [...content.images, { id: 1, file_name: 'gone.png' }]
    const file = writeInto(directory, 'gone.json', JSON.stringify({ ...content, images }))
    const { status, stdout, stderr } = await coco('--annotations', file)
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(/^error: [^\n]*gone\.png: file: expected the image 1 of [^\n]+\n$/)
  })
})

describeWithAssets('a quantized file', ['ssd-mobilenet-v1-coco-quant', 'coco-val2017'], () => {
  test('has no other precision than native', async () => {
    const file = sharedAsset('ssd-mobilenet-v1-coco-quant/detect.tflite')
    const { status, stderr } = await coco('--model', file, '--precision', 'native,f32')
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^error: [^\n]*detect\.tflite: precision f32: expected a float network to convert, found u8\[/,
    )
  })
})
