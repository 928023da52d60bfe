import { readFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, test } from 'vitest'
import { cellImage } from '../models/detector/tiny.js'
import { writeTinyCenterNet } from '../models/detector/tiny-file.js'
import { temporaryDirectory } from '../temporary.js'
import { qnative } from './command-line.js'

const directory = temporaryDirectory()
const image = path.join(directory, 'cells.png')

beforeAll(async () => {
  writeTinyCenterNet(directory)
  const { data, width, height } = cellImage([[3, 5, 0]])
  await sharp(data, { raw: { width, height, channels: 3 } }).toFile(image)
})

const profile = (...args: string[]) =>
  qnative('profile', '--model', directory, '--image', image, '--threads', '1', ...args)

describe('qnative profile --image', () => {
  test('--json has every kernel at every precision, and the trace every step', async () => {
    const trace = path.join(directory, 'trace.json')
    const { status, stdout } = await profile(
      '--precision',
      'f32,int8,f32', // one is measured once
      '--relaxed',
      '--json',
      '--trace',
      trace,
    )
    expect(status).toBe(0)
    const { command, environment, ceilings, results, models } = JSON.parse(stdout)
    expect(command).toBe('profile')
    expect(environment.relaxed).toBe(true)
    expect(ceilings.start.points).toHaveLength(1)
    expect(models).toMatchObject([{ precision: 'f32' }, { precision: 'int8' }])
    for (const model of models) {
      const { preprocessNs, invokeNs, postprocessNs, minNs, medianNs, samplesNs } = model
      for (const part of [preprocessNs, invokeNs, postprocessNs]) expect(part).toBeGreaterThan(0)
      expect(minNs).toBeLessThanOrEqual(medianNs)
      expect(samplesNs.length).toBeGreaterThan(1)
    }
    const conv = results.find(({ op }: { op: string }) => op.startsWith('conv2d'))
    expect(conv).toMatchObject({ precision: 'f32', kind: '4x4 /4', bound: expect.any(String) })
    // Three heads of 64 cells, 48 weights and 2 outputs; a multiply-add counts two.
    expect(conv.gopPerS).toBeCloseTo((3 * 64 * 48 * 2 * 2) / conv.medianNs, 6)
    expect(results).toContainEqual(
      expect.objectContaining({ precision: 'f32', op: 'preprocess', kind: 'tf-legacy:pad', gbPerS: null }),
    )
    expect(results).toContainEqual(
      expect.objectContaining({ precision: 'int8', op: 'decode', kind: 'peaks, top-k' }),
    )
    const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8'))
    const names = traceEvents.map(({ name }: { name: string }) => name)
    expect(names).toEqual(expect.arrayContaining(['image 1, f32', 'image 1, int8', 'box/scale', 'decode']))
  })

  test('writes tables', async () => {
    const { status, stdout } = await profile('--markdown')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^\| native +\| conv2d +\| 4x4 \/4 /m)
    expect(stdout).toMatch(/^\| precision \| +weights \| +image \|/m)
  })

  test('int8 activations, which no precision but w4 and w2 leaves open: 2', async () => {
    const { status, stderr } = await profile('--precision', 'f32,dyn8', '--activations', 'int8')
    expect(stderr).toBe('error: --activations int8 is of w4 and w2, not of --precision f32,dyn8\n')
    expect(status).toBe(2)
  })

  test('--relaxed without an image: 2', async () => {
    const { status, stderr } = await qnative('profile', '--model', directory, '--tokens', '3', '--relaxed')
    expect(status).toBe(2)
    expect(stderr).toContain('--relaxed is of detectors')
  })

  test('with a prompt: 2', async () => {
    const { status, stderr } = await profile('--prompt', 'x')
    expect(status).toBe(2)
    expect(stderr).toContain("cannot be used with option '--prompt")
  })

  test('a trace that cannot be written: 2, before anything runs', async () => {
    const trace = path.join(directory, 'gone', 'trace.json')
    expect(await profile('--trace', trace)).toEqual({
      status: 2,
      stdout: '',
      stderr: `error: --trace ${trace}: expected a file in a folder, found no such folder\n`,
    })
  })
})

describe('qnative bench of a detector', () => {
  test('times a preset on random weights: a CSV line a kernel and kind of layer', async () => {
    const { status, stdout } = await qnative('bench', '--preset', 'ssd-mobilenet-v2-320', '--csv')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^precision,op,kind,kernel,calls,/)
    // Of 50 pointwise layers 13 are in one step with a depthwise one.
    expect(stdout).toMatch(/^native,conv2d,1x1,\w+,37,/m)
    expect(stdout).toMatch(/^native,inverted_residual,3x3 \/2,\w+,3,/m)
    expect(stdout).toMatch(/^native,depthwise_conv2d,3x3 \/2,\w+,1,/m)
    expect(stdout).toMatch(/^native,decode,"boxes, NMS",/m)
  })

  test.each([
    [['--preset', 'ssd-mobilenet-v2-320', '--bits', '4'], '--bits is of Llamas'],
    [['--preset', 'smollm-135m', '--precision', 'f32'], '--precision is of detectors'],
    [['--preset', 'smollm-135m', '--relaxed'], '--relaxed is of detectors'],
    [['--preset', 'ssd-mobilenet-v2-320', '--precision', 'q3'], 'Expected native, f32, f16'],
    [['--preset', 'ssd-mobilenet-v2-320', '--trace', directory], 'expected a file, found a folder'],
  ])('%s: 2', async (args, message) => {
    const { status, stderr } = await qnative('bench', ...args)
    expect(status).toBe(2)
    expect(stderr).toContain(message)
  })
})
