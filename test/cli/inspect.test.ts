import { beforeAll, describe, expect, test } from 'vitest'
import { safetensorsBytes } from '../formats/writers.js'
import { tinyGguf, tinySafetensors, writeTinyHuggingFace } from '../models/llama/tiny.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { qnative } from './command-line.js'

const directory = temporaryDirectory()
const model = temporaryDirectory()
beforeAll(() => {
  writeTinyHuggingFace(model)
})

describe('qnative inspect', () => {
  test('tells what a Llama is made of', async () => {
    const { status, stdout, stderr } = await qnative('inspect', model)
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^format +safetensors, 1 file, /)
    expect(stdout).toMatch(/^attention +4 heads of 8, 2 for keys and values$/m)
    expect(stdout).toMatch(/^F32 +21 /m)
    expect(stdout).not.toContain('model.layers.1.mlp.up_proj.weight')
  })

  test('lists the tensors of a GGUF file, and its metadata', async () => {
    const file = writeInto(directory, 'tiny.gguf', tinyGguf())
    const { stdout } = await qnative('inspect', file, '--tensors')
    expect(stdout).toMatch(/^format +gguf v3, 1 file/)
    expect(stdout).toMatch(/^llama\.block_count +2$/m)
    expect(stdout).toMatch(/^blk\.1\.ffn_up\.weight +F32 +64 x 32 +8\.0 KiB$/m)
  })

  test('writes one JSON document', async () => {
    const { stdout } = await qnative('inspect', model, '--json')
    const { schemaVersion, command, environment, results } = JSON.parse(stdout)
    expect({ schemaVersion, command }).toEqual({ schemaVersion: 1, command: 'inspect' })
    expect(environment).not.toHaveProperty('isa')
    expect(results).toHaveLength(1)
    expect(results[0]).toMatchObject({ format: 'safetensors', llama: { config: { layers: 2 } } })
    expect(results[0].tensors).toHaveLength(21)
  })

  test('shows files that hold no Llama, and says why it is none', async () => {
    const file = writeInto(directory, 'other.safetensors', safetensorsBytes(tinySafetensors().slice(0, 2)))
    const { status, stdout } = await qnative('inspect', file)
    expect(status).toBe(0)
    expect(stdout).toMatch(/^model +none that qnative runs: .+config\.json/m)
  })

  test('keeps escape sequences of a file from the terminal', async () => {
    const [tensor] = tinySafetensors()
    const bytes = safetensorsBytes([{ ...tensor!, name: 'evil\x1b[2J' }], {
      metadata: { 'a\x1b]0;b': 'c\nd' },
    })
    const { stdout } = await qnative('inspect', writeInto(directory, 'evil.safetensors', bytes), '--tensors')
    expect(stdout).toContain('evil\\u001b[2J')
    expect(stdout).toContain('c\\u000ad')
    expect(stdout).not.toContain('\x1b')
  })

  test.each(['absent.gguf', 'notes.txt'])('refuses %s', async (name) => {
    writeInto(directory, 'notes.txt', 'hello')
    const { status, stdout, stderr } = await qnative('inspect', `${directory}/${name}`)
    expect(stderr).toMatch(new RegExp(`^error: .+${name}: path: expected .+\\n$`))
    expect(stdout).toBe('')
    expect(status).toBe(1)
  })
})
