import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { openLlama } from '../../src/models/llama/checkpoint.js'
import { allLogits } from '../../src/models/llama/logits.js'
import { Llama } from '../../src/models/llama/model.js'
import { precisionOf } from '../../src/models/llama/precision.js'
import { tinySizes, writeTinyHuggingFace } from '../models/llama/tiny.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { qnative } from './command-line.js'

const { vocabulary } = tinySizes
const directory = temporaryDirectory()
const model = temporaryDirectory()
beforeAll(() => {
  writeTinyHuggingFace(model)
})

function run(tokens: string, out: string, ...more: string[]) {
  return qnative('run', '--model', model, '--tokens', tokens, '--out', out, ...more)
}

/** NumPy's format, version 1.0. */
function readNpy(file: string): { header: string; values: Float32Array } {
  const bytes = readFileSync(file)
  expect(bytes.subarray(0, 8)).toEqual(Buffer.from('\x93NUMPY\x01\x00', 'latin1'))
  const start = 10 + bytes.readUInt16LE(8)
  expect(start % 64).toBe(0)
  expect(bytes[start - 1]).toBe('\n'.charCodeAt(0))
  return {
    header: bytes.toString('latin1', 10, start).trim(),
    values: new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length)),
  }
}

describe('qnative run', () => {
  test('writes a row of logits a token, and what they are', async () => {
    const out = join(directory, 'made', 'deep')
    const { status, stdout, stderr } = await run('256,104,105', out)
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(readdirSync(out).sort()).toEqual(['output0.npy', 'outputs.json'])

    const { header, values } = readNpy(join(out, 'output0.npy'))
    expect(header).toBe(`{'descr': '<f4', 'fortran_order': False, 'shape': (3, ${vocabulary}), }`)
    const checkpoint = await openLlama(model)
    const llama = await Llama.load(checkpoint, {
      precision: precisionOf('native'),
      activations: 'f32',
      threads: 1,
    })
    expect(values).toEqual(await allLogits(llama, [256, 104, 105]))
    llama.close()

    const { outputs } = JSON.parse(readFileSync(join(out, 'outputs.json'), 'utf8'))
    expect(outputs).toEqual([
      { file: 'output0.npy', name: 'logits', dtype: 'float32', shape: [3, vocabulary] },
    ])
  })

  test('needs no tokenizer, takes every precision, and replaces what is there', async () => {
    const bare = temporary
    for (const name of ['config.json', 'model.safetensors'])
      writeInto(bare, name, readFileSync(join(model, name)))
    const out = join(directory, 'again')
    const logits: Float32Array[] = []
    for (const bits of ['f32', '8', '4', '2']) {
      expect(
        (await qnative('run', '--model', bare, '--tokens', '5', '--out', out, '--bits', bits)).status,
      ).toBe(0)
      logits.push(readNpy(join(out, 'output0.npy')).values)
    }
    const distance = (values: Float32Array) => Math.hypot(...values.map((value, i) => value - logits[0]![i]!))
    expect(distance(logits[1]!)).toBeGreaterThan(0)
    expect(distance(logits[2]!)).toBeGreaterThan(distance(logits[1]!))
    expect(distance(logits[3]!)).toBeGreaterThan(distance(logits[2]!))
    expect(readdirSync(out).sort()).toEqual(['output0.npy', 'outputs.json'])
  })
  const temporary = temporaryDirectory()

  describe('leaves nothing behind when it fails', () => {
    test.each([
      [
        'an id outside the vocabulary',
        `1,${vocabulary}`,
        `token 2 is ${vocabulary}, outside the vocabulary of ${vocabulary}`,
      ],
      [
        'more ids than the context holds',
        '1,'.repeat(tinySizes.context).concat('1'),
        `more than the model's context of ${tinySizes.context}`,
      ],
    ])('%s', async (_, tokens, message) => {
      const out = join(directory, 'failed')
      const { status, stderr } = await run(tokens, out)
      expect(stderr).toMatch(/^error: .+\n$/)
      expect(stderr).toContain(message)
      expect(status).toBe(1)
      expect(existsSync(out)).toBe(false)
    })

    test('a file where the folder should be', async () => {
      const out = writeInto(directory, 'file', 'mine')
      const { status, stderr } = await run('1', out)
      expect(stderr).toBe(`error: --out ${out}: expected a folder, found a file\n`)
      expect(status).toBe(2)
      expect(readFileSync(out, 'utf8')).toBe('mine')
    })

    test('a folder where a file should be', async () => {
      const out = join(directory, 'blocked')
      mkdirSync(join(out, 'output0.npy', 'mine'), { recursive: true })
      const { status, stderr } = await run('1', out)
      expect(stderr).toMatch(/^error: .*output0\.npy.*\n$/)
      expect(status).toBe(1)
      expect(readdirSync(out)).toEqual(['output0.npy'])
    })
  })
})
