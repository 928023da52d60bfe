import { beforeAll, describe, expect, test } from 'vitest'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { qnative } from './command-line.js'

const directory = temporaryDirectory()
const categories = [
  { id: 1, name: 'dog' },
  { id: 3, name: 'cat' },
]
const bbox = [10, 10, 20, 20]
const annotation = { id: 1, image_id: 1, category_id: 1, bbox, area: 400, iscrowd: 0 }
const detection = { image_id: 1, category_id: 1, bbox, score: 0.5 }
let annotations = ''
let detections = ''
beforeAll(() => {
  const content = { images: [{ id: 1 }, { id: 2 }], categories, annotations: [annotation] }
  annotations = writeInto(directory, 'annotations.json', JSON.stringify(content))
  detections = writeInto(directory, 'detections.json', JSON.stringify([detection]))
})

const coco = (...args: string[]) => qnative('eval', 'coco', '--annotations', annotations, ...args)
const names = ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'AR1', 'AR10', 'AR100', 'ARs', 'ARm', 'ARl']

describe('qnative eval coco --json', () => {
  test('has exactly the documented fields', async () => {
    const { status, stdout, stderr } = await coco('--detections', detections, '--json')
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const document = JSON.parse(stdout)
    expect(Object.keys(document)).toEqual(['schemaVersion', 'command', 'environment', 'results', 'warnings'])
    expect(document).toMatchObject({ schemaVersion: 1, command: 'eval coco', warnings: [] })
    expect(document.results).toHaveLength(1)
    const [result] = document.results
    expect(Object.keys(result)).toEqual(['detections', 'images', 'stats'])
    expect(result).toMatchObject({ detections, images: 2 })
    expect(Object.keys(result.stats)).toEqual(names)
    expect(result.stats).toMatchObject({ AP: 0.9999999999999998, APm: -1, AR1: 1 })
  })

  test('has every category with --per-class', async () => {
    const { stdout } = await coco('--detections', detections, '--per-class', '--json')
    const [{ perClass }] = JSON.parse(stdout).results
    for (const category of perClass) expect(Object.keys(category)).toEqual(['categoryId', 'name', ...names])
    expect(perClass).toMatchObject([
      { categoryId: 1, name: 'dog', AP50: 0.9999999999999999 },
      { categoryId: 3, name: 'cat', AP50: -1, AR100: -1 },
    ])
  })

  test('scores an empty list 0', async () => {
    const empty = writeInto(directory, 'empty.json', '[]')
    const { status, stdout } = await coco('--detections', empty, '--json')
    expect(status).toBe(0)
    expect(JSON.parse(stdout).results[0].stats).toMatchObject({ AP: 0, APs: 0, APm: -1, AR100: 0 })
  })
})

test('without --json: the twelve lines', async () => {
  const { status, stdout, stderr } = await coco('--detections', detections)
  expect(status).toBe(0)
  expect(stderr).toBe('')
  expect(stdout.match(/^ Average (Precision|Recall) .* = -?\d\.\d{3}$/gm)).toHaveLength(12)
  expect(stdout).toContain('AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 1.000\n')
})

test('a doubt is on stderr and in the JSON', async () => {
  const foreign = JSON.stringify([detection, { ...detection, category_id: 2, score: 0.4 }])
  const { status, stdout, stderr } = await coco(
    '--detections',
    writeInto(directory, 'foreign.json', foreign),
    '--json',
  )
  expect(status).toBe(0)
  const { warnings } = JSON.parse(stdout)
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toContain('1 detection has a category id')
  expect(stderr).toBe(`warning: ${warnings[0]}\n`)
})

describe('files that cannot be used: 1, one line', () => {
  test.each([
    ['detections that are no list', '{"a": 1}', 'file: expected a list of detections, found an object'],
    [
      'an unknown image',
      JSON.stringify([{ ...detection, image_id: 5 }]),
      '[0].image_id: expected the id of an image',
    ],
    [
      'NaN',
      JSON.stringify([{ ...detection, score: 'NaN' }]).replace('"NaN"', 'NaN'),
      '[0].score: expected a finite number, found NaN',
    ],
  ])('%s', async (_, content, message) => {
    const { status, stdout, stderr } = await coco('--detections', writeInto(directory, 'bad.json', content))
    expect(stderr).toMatch(/^error: [^\n]*bad\.json: [^\n]+\n$/)
    expect(stderr).toContain(message)
    expect(stdout).toBe('')
    expect(status).toBe(1)
  })

  test('annotations without categories', async () => {
    const bad = writeInto(directory, 'bad.json', '{"images": [{"id": 1}], "annotations": []}')
    const outcome = await qnative('eval', 'coco', '--annotations', bad, '--detections', detections)
    expect(outcome).toEqual({
      status: 1,
      stdout: '',
      stderr: `error: ${bad}: categories: expected a list of categories, found nothing\n`,
    })
  })
})

describe('wrong usage: 2', () => {
  test.each([
    [[], 'nothing to score: give --detections FILE, or --model PATH and --images FOLDER'],
    [['--model', 'model.json'], '--model needs --images'],
    [['--detections', 'd.json', '--limit', '3'], '--limit is of a --model'],
    [['--detections', 'd.json', '--relaxed'], '--relaxed is of a --model'],
    [['--detections', 'd.json', '--write-detections', 'e.json'], '--write-detections is of a --model'],
    [
      ['--detections', 'd.json', '--model', 'm.json'],
      "'--model <path>' cannot be used with option '--detections",
    ],
    [['--model', 'm.json', '--images', '.', '--precision', 'int3'], 'Expected native, f32'],
  ])('%s', async (args, message) => {
    const { status, stdout, stderr } = await coco(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
  })
})
