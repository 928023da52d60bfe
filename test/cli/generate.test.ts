import { beforeAll, describe, expect, test, vi } from 'vitest'
import { runCommandLine } from '../../src/cli/program.js'
import { float32Bytes } from '../formats/writers.js'
import { tinyConfig, tinySafetensors, tinySizes, writeTinyHuggingFace } from '../models/llama/tiny.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { qnative } from './command-line.js'

const { hidden, vocabulary, context } = tinySizes
const model = temporaryDirectory()
beforeAll(() => {
  writeTinyHuggingFace(model)
})

function generate(...args: string[]) {
  return qnative('generate', '--model', model, ...args)
}

/**
 * A model whose next token depends on the last one alone: all weights of the blocks are zero, an embedding is one-hot, and the
 * head's row of `next` looks at the place of each `token`. One token in `hidden` has a place.
 */
function chain(directory: string, successor: ReadonlyMap<number, number>): void {
  const place = new Map([...new Set([...successor.keys()])].map((token, i) => [token, i]))
  const embedding = new Float32Array(vocabulary * hidden)
  const head = new Float32Array(vocabulary * hidden)
  for (const [token, next] of successor) {
    embedding[token * hidden + place.get(token)!] = 1
    head[next * hidden + place.get(token)!] = 1
  }
  const tensors = tinySafetensors().map((tensor) => {
    if (tensor.name === 'model.embed_tokens.weight') return { ...tensor, data: float32Bytes(embedding) }
    if (tensor.name === 'lm_head.weight') return { ...tensor, data: float32Bytes(head) }
    if (tensor.name.includes('_proj')) {
      return { ...tensor, data: new Uint8Array(tensor.data!.length) }
    }
    return { ...tensor, data: float32Bytes(new Float32Array(tensor.data!.length / 4).fill(1)) }
  })
  writeTinyHuggingFace(directory, { tensors })
}

describe('qnative generate', () => {
  test('writes the prompt and what follows it, the same each time', async () => {
    const { status, stdout, stderr } = await generate('--prompt', 'hello', '--max-tokens', '8')
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(stdout).toMatch(/^hello.+\n$/s)
    expect((await generate('--prompt', 'hello', '--max-tokens', '8')).stdout).toBe(stdout)
  })

  test('draws the same text from the same seed', async () => {
    const options = [
      '--prompt',
      'a',
      '--max-tokens',
      '12',
      '--temperature',
      '1',
      '--top-k',
      '50',
      '--top-p',
      '0.9',
    ]
    const [first, again, other] = [
      await generate(...options, '--seed', '7'),
      await generate(...options, '--seed', '7'),
      await generate(...options, '--seed', '8'),
    ]
    expect(first!.stdout).toBe(again!.stdout)
    expect(first!.stdout).not.toBe(other!.stdout)
  })

  test('stops at the end of the context', async () => {
    const { status, stdout } = await generate('--prompt', 'x'.repeat(context - 3), '--max-tokens', '100')
    expect(status).toBe(0)
    expect(stdout.length).toBeLessThan(context + 10)
  })

  test('refuses a prompt longer than the context', async () => {
    const { status, stdout, stderr } = await generate('--prompt', 'x'.repeat(context))
    expect(stderr).toBe(
      `error: the prompt has ${context + 1} tokens, more than the model's context of ${context}\n`,
    )
    expect(status).toBe(1)
    expect(stdout).not.toContain('\n')
  })

  describe('with a model that is a chain of tokens', () => {
    const chained = temporaryDirectory()
    const bytes = [...Buffer.from('é😀!')]
    beforeAll(() => {
      const byteToken = new Map(bytes.map((byte, i) => [byte, i]))
      expect(byteToken.size).toBe(bytes.length)
      const tokens = ['a'.charCodeAt(0), ...bytes, Number(tinyConfig['eos_token_id'])]
      chain(chained, new Map(tokens.slice(0, -1).map((token, i) => [token, tokens[i + 1]!])))
    })

    test('writes whole characters, and stops at the end token', async () => {
      const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
      const status = await runCommandLine(['generate', '--model', chained, '--prompt', 'a'])
      const pieces = write.mock.calls.map(([piece]) => piece)
      write.mockRestore()
      expect(status).toBe(0)
      expect(pieces.filter((piece) => piece !== '')).toEqual(['a', 'é', '😀', '!', '\n'])
    })

    test('gives the same from quantized weights and a half-precision cache', async () => {
      const args = ['generate', '--model', chained, '--prompt', 'a', '--bits', '8', '--activations', 'int8']
      expect((await qnative(...args, '--kv', 'f16')).stdout).toBe('aé😀!\n')
    })
  })

  describe('--chat', () => {
    test('needs a template', async () => {
      const { status, stdout, stderr } = await generate('--prompt', 'hi', '--chat')
      expect(stderr).toBe(`error: ${model}: --chat needs a chat template; this model has none\n`)
      expect(stdout).toBe('')
      expect(status).toBe(1)
    })

    test('writes the answer alone', async () => {
      const talking = temporary
      writeTinyHuggingFace(talking)
      const template = '{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}'
      writeInto(talking, 'chat_template.jinja', template)
      const { status, stdout } = await qnative(
        'generate',
        '--model',
        talking,
        '--prompt',
        'hi',
        '--chat',
        '--max-tokens',
        '4',
      )
      expect(status).toBe(0)
      expect(stdout).not.toMatch(/^hi/)
      const prompt = ['--prompt', 'user: hi\n', '--max-tokens', '4']
      expect((await qnative('generate', '--model', talking, ...prompt)).stdout).toBe(`user: hi\n${stdout}`)
    })

    const temporary = temporaryDirectory()
  })
})
