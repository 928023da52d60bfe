import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { decodeImage } from '../../src/images/decode.js'
import { cellImage } from '../models/detector/tiny.js'
import { writeTinyCenterNet } from '../models/detector/tiny-file.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { qnative } from './command-line.js'

const directory = temporaryDirectory()
const model = path.join(directory, 'model')
const image = path.join(directory, 'cells.png')

beforeAll(async () => {
  mkdirSync(model)
  writeTinyCenterNet(model)
  const cells = cellImage(
    [
      [3, 5, 0],
      [6, 1, 1, 230],
    ],
    2,
  )
  const { data, width, height } = cells
  await sharp(data, { raw: { width, height, channels: 3 } }).toFile(image)
})

const detect = (...args: string[]) => qnative('detect', '--model', model, '--score-threshold', '0.5', ...args)

describe('qnative detect', () => {
  test('prints the objects of each image', async () => {
    const { status, stdout, stderr } = await detect(image, image)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const one = `${image}: 64 x 64, 2 objects
object   score    x1    y1    x2    y2
class 0  1.000  40.0  20.0  48.0  36.0
class 1  1.000   8.0  44.0  16.0  60.0`
    expect(stdout).toBe(`${one}\n\n${one}\n`)
  })

  test('--json has every number, and how the images were shown', async () => {
    const { stdout } = await detect(image, '--json', '--max-detections', '1')
    const document = JSON.parse(stdout)
    expect(document).toMatchObject({
      command: 'detect',
      model,
      preset: 'centernet-resnet50-v2-512',
      resize: 'tf-legacy',
      fit: 'pad',
    })
    expect(document.results).toEqual([
      {
        image,
        width: 64,
        height: 64,
        objects: [{ label: 'class 0', class: 0, score: expect.closeTo(1, 3), box: [40, 20, 48, 36] }],
      },
    ])
  })

  test('--out draws, each image into a file of its own', async () => {
    const out = path.join(directory, 'drawn')
    const { status, stdout } = await detect(image, image, '--out', out)
    expect(status).toBe(0)
    expect(stdout).toContain(`drawn into ${path.join(out, 'cells-2.png')}`)
    const { data, width, height } = await decodeImage(path.join(out, 'cells.png'))
    expect([width, height]).toEqual([64, 64])
    const pixel = 3 * (20 * 64 + 44)
    expect([...data.subarray(pixel, pixel + 3)]).not.toEqual([
      ...(await decodeImage(image)).data.subarray(pixel, pixel + 3),
    ])
    expect(readFileSync(path.join(out, 'cells-2.png'))).toEqual(readFileSync(path.join(out, 'cells.png')))
  })

  test('an image that cannot be used: 1, one line, the others are done', async () => {
    const bad = writeInto(directory, 'bad.jpg', readFileSync(image).subarray(0, 70))
    const { status, stdout, stderr } = await detect(bad, image)
    expect(status).toBe(1)
    expect(stdout).toContain('2 objects')
    expect(stderr).toMatch(/^error: [^\n]*bad\.jpg: image: expected an image, found [^\n]+\n$/)
  })

  test('several of them: a line each', async () => {
    const missing = path.join(directory, 'missing.png')
    const out = path.join(directory, 'nothing')
    const { status, stdout, stderr } = await detect(missing, missing, '--out', out)
    expect(status).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(
      /^(error: [^\n]*missing\.png: file: [^\n]+\n){2}error: 2 of 2 images could not be used\n$/,
    )
    expect(existsSync(out)).toBe(false)
  })

  test.each([
    [['--preprocess', 'pil'], 2, 'RESIZE:FIT with tf-legacy|tf2|cv2|pil and stretch|letterbox|pad'],
    [['--score-threshold', 'high'], 2, 'Expected a number of 0 or more and below 1'],
    [['--score-threshold', '1.5'], 2, "Expected a number of 0 or more and below 1, got '1.5'"],
    [['--score-threshold', '1'], 2, 'Expected a number of 0 or more and below 1'],
    [['--score-threshold', '-0.1'], 2, 'Expected a number of 0 or more and below 1'],
    [['--out', path.join(directory, 'cells.png')], 2, 'expected a folder, found a file'],
  ])('%s: %i', async (args, code, message) => {
    const { status, stdout, stderr } = await detect(image, ...args)
    expect({ status, stdout }).toEqual({ status: code, stdout: '' })
    expect(stderr).toContain(message)
  })

  test.skipIf(!existsSync('/proc'))('a folder that cannot be made: 1', async () => {
    const { status, stdout, stderr } = await detect(image, '--out', '/proc/x/drawn')
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toBe('error: --out: cannot create /proc/x/drawn: /proc takes no folders\n')
  })

  test('a network that is no detector: 1', async () => {
    const { status, stderr } = await qnative('detect', '--model', image, image)
    expect(status).toBe(1)
    expect(stderr).toMatch(/^error: [^\n]+\n$/)
  })
})
