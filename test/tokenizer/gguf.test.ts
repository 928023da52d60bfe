import { readFileSync } from 'node:fs'
import { Tokenizer as Pipeline } from '@huggingface/tokenizers'
import { describe, expect, it } from 'vitest'
import { readGgufFile } from '../../src/formats/gguf.js'
import { readGgufTokenizer } from '../../src/tokenizer/gguf.js'
import type { Tokenizer } from '../../src/tokenizer/tokenizer.js'
import { ggufBytes, type WrittenValue } from '../formats/writers.js'
import { tinyGgufMetadata, tinyTokens } from '../models/llama/tiny.js'
import { describeWithAssets, sharedAsset } from '../shared.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { readLambadaTexts, readTokenizerVectors } from './vectors.js'

const directory = temporaryDirectory()

async function build(metadata: Iterable<[string, WrittenValue]>): Promise<Tokenizer> {
  const file = writeInto(directory, 'x.gguf', ggufBytes({ metadata: [...metadata] }))
  return readGgufTokenizer((await readGgufFile(file)).metadata)
}

/** The tiny byte-level vocabulary with some keys changed, or left out where undefined. */
function byteLevel(changes: Record<string, WrittenValue | undefined> = {}): Promise<Tokenizer> {
  const metadata = new Map(tinyGgufMetadata)
  for (const [key, value] of Object.entries(changes)) {
    if (value) metadata.set(`tokenizer.ggml.${key}`, value)
    else metadata.delete(`tokenizer.ggml.${key}`)
  }
  return build(metadata)
}

const text = (value: string) => ({ type: 'string', value }) as const
const texts = (values: string[]) => ({ type: 'array', of: 'string', values }) as const

describe.each(['gpt-2', 'llama-spm'])('%s', (name) => {
  const asset = `tokenizer-vectors/ggml-vocab-${name}.gguf`
  describeWithAssets('llama.cpp’s vectors', [asset], () => {
    it('gives the same ids, and the text back', async () => {
      const tokenizer = readGgufTokenizer((await readGgufFile(sharedAsset(asset))).metadata)
      const vectors = readTokenizerVectors(name)
      expect(vectors.length).toBeGreaterThan(40)
      for (const { text, ids } of vectors) {
        expect(tokenizer.encodeOrdinary(text), JSON.stringify(text)).toEqual(ids)
        expect(tokenizer.decode(ids)).toBe(text)
      }
    })
  })
})

const llama3 = 'llama3-tokenizer/tokenizer.json'
describeWithAssets('Llama 3, its vocabulary written as GGUF', [llama3, 'tokenizer-vectors'], () => {
  it('gives the ids of llama.cpp’s vectors', async () => {
    interface Source {
      readonly model: {
        readonly vocab: Record<string, number>
        readonly merges: readonly (string | string[])[]
      }
      readonly added_tokens: readonly { readonly id: number; readonly content: string }[]
    }
    const source = JSON.parse(readFileSync(sharedAsset(llama3), 'utf8')) as Source
    const tokens: string[] = []
    for (const [token, id] of Object.entries(source.model.vocab)) tokens[id] = token
    const types = tokens.map(() => 1)
    for (const { id, content } of source.added_tokens) {
      tokens[id] = content
      types[id] = 3
    }
    const merges = source.model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')))
    const tokenizer = await build([
      ['tokenizer.ggml.model', text('gpt2')],
      ['tokenizer.ggml.pre', text('llama-bpe')],
      ['tokenizer.ggml.tokens', texts(tokens)],
      ['tokenizer.ggml.token_type', { type: 'array', of: 'i32', values: types }],
      ['tokenizer.ggml.merges', texts(merges)],
      ['tokenizer.ggml.bos_token_id', { type: 'u32', value: 128000 }],
    ])
    for (const { text, ids } of readTokenizerVectors('llama-bpe')) {
      expect(tokenizer.encodeOrdinary(text), JSON.stringify(text)).toEqual(ids)
    }
    expect(tokenizer.encode('a')[0]).toBe(128000)
  })
})

const smollm = ['smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf', 'smollm2-135m/tokenizer.json'] as const
describeWithAssets('SmolLM2', [...smollm, 'lambada/lambada_test_first1000.jsonl'], () => {
  it('gives the ids of the stored tokenizer.json over all of LAMBADA', async () => {
    const tokenizer = readGgufTokenizer((await readGgufFile(sharedAsset(smollm[0]))).metadata)
    const stored = new Pipeline(JSON.parse(readFileSync(sharedAsset(smollm[1]), 'utf8')) as object, {})
    const passages = readLambadaTexts()
    expect(passages).toHaveLength(1000)
    for (const passage of passages) {
      const ids = tokenizer.encode(passage)
      expect(ids).toEqual(stored.encode(passage).ids)
      expect(tokenizer.decode(ids)).toBe(passage)
    }
    expect([...tokenizer.specialTokens.keys()]).toHaveLength(17)
    expect(tokenizer).toMatchObject({ bosTokenId: 1, eosTokenIds: [2], vocabSize: 49152 })
  })
})

describe('BOS and EOS', () => {
  const added = async (changes: Record<string, WrittenValue | undefined>) =>
    (await byteLevel(changes)).encode('a')
  const a = 97
  it('are added as the file says', async () => {
    expect(await added({})).toEqual([256, a])
    expect(await added({ add_bos_token: { type: 'bool', value: false } })).toEqual([a])
    expect(await added({ add_eos_token: { type: 'bool', value: true } })).toEqual([256, a, 257])
  })

  it('by default: BOS for Llama 3, not for gpt-2 and smollm', async () => {
    expect(await added({ add_bos_token: undefined, pre: text('llama-bpe') })).toEqual([256, a])
    expect(await added({ add_bos_token: undefined, pre: text('gpt-2') })).toEqual([a])
    expect(await added({ add_bos_token: undefined, pre: text('smollm') })).toEqual([a])
  })

  it('are left out of ordinary encoding', async () => {
    expect((await byteLevel()).encodeOrdinary('a')).toEqual([a])
  })

  it('are named by ids inside the vocabulary', async () => {
    await expect(byteLevel({ bos_token_id: { type: 'u32', value: 258 } })).rejects.toThrow(
      /tokenizer\.ggml\.bos_token_id: expected an id below 258, found 258/,
    )
    await expect(byteLevel({ bos_token_id: undefined })).rejects.toThrow(
      /bos_token_id: expected this key, found none/,
    )
  })
})

describe('byte-level BPE', () => {
  it('splits digits one by one for smollm, whatever their script, and not for gpt-2', async () => {
    // U+0663, an Arabic digit, is the bytes d9 a3, spelled Ù£.
    const merged = {
      tokens: texts([...tinyTokens, '11', 'Ù£', 'Ù£Ù£']),
      merges: texts(['1 1', 'Ù £', 'Ù£ Ù£']),
    }
    const types = {
      token_type: { type: 'array', of: 'i32', values: [...tinyTokens.map(() => 1), 1, 1, 1] } as const,
    }
    const gpt2 = await byteLevel({ ...merged, ...types })
    const smollm = await byteLevel({ ...merged, ...types, pre: text('smollm') })
    expect(gpt2.encodeOrdinary('11\u0663\u0663')).toEqual([258, 260])
    expect(smollm.encodeOrdinary('11\u0663\u0663')).toEqual([49, 49, 259, 259])
  })

  it('takes a word that is a token whole for llama-bpe, even without merges to it', async () => {
    const types = { type: 'array', of: 'i32', values: [...tinyTokens.map(() => 1), 1] } as const
    const changes = { tokens: texts([...tinyTokens, 'abc']), token_type: types }
    expect((await byteLevel({ ...changes, pre: text('llama-bpe') })).encodeOrdinary('abc')).toEqual([258])
    expect((await byteLevel(changes)).encodeOrdinary('abc')).toEqual([97, 98, 99])
  })

  it('recognises control and user-defined tokens in the text', async () => {
    const types = {
      type: 'array',
      of: 'i32',
      values: [...tinyTokens.slice(0, 256).map(() => 1), 3, 3, 4],
    } as const
    const tokenizer = await byteLevel({ tokens: texts([...tinyTokens, '  new  ']), token_type: types })
    expect(tokenizer.encodeOrdinary('a<|eos|>b  new  c')).toEqual([97, 257, 98, 258, 99])
    expect([...tokenizer.specialTokens]).toEqual([
      ['<|bos|>', 256],
      ['<|eos|>', 257],
    ])
    expect(tokenizer.decode([97, 257, 98, 258, 99])).toBe('a<|eos|>b  new  c')
    expect(tokenizer.decode([97, 257, 98, 258, 99], { skipSpecial: true })).toBe('ab  new  c')
  })
})

describe('SentencePiece', () => {
  const pieces = ['<unk>', '<s>', '</s>', '<0xC3>', '<0xA9>', '▁', 'a', 'b', 'ab', '▁ab', 'bb']
  const types = [2, 3, 3, 6, 6, 1, 1, 1, 1, 1, 1]
  const scores = [0, 0, 0, 0, 0, -5, -6, -7, -2, -3, -1]
  const sentencePiece = (changes: [string, WrittenValue][] = []) =>
    build(
      new Map<string, WrittenValue>([
        ['tokenizer.ggml.model', text('llama')],
        ['tokenizer.ggml.tokens', texts(pieces)],
        ['tokenizer.ggml.token_type', { type: 'array', of: 'i32', values: types }],
        ['tokenizer.ggml.scores', { type: 'array', of: 'f32', values: scores }],
        ['tokenizer.ggml.bos_token_id', { type: 'u32', value: 1 }],
        ['tokenizer.ggml.eos_token_id', { type: 'u32', value: 2 }],
        ['tokenizer.ggml.unknown_token_id', { type: 'u32', value: 0 }],
        ...changes,
      ]),
    )

  it('joins the neighbours whose union has the highest score, after a space of its own', async () => {
    const tokenizer = await sentencePiece()
    expect(tokenizer.encode('ab')).toEqual([1, 9])
    // "bb" scores above "ab", so the first b goes with the second.
    expect(tokenizer.encodeOrdinary('abb')).toEqual([5, 6, 10])
    expect(tokenizer.decode(tokenizer.encodeOrdinary(' ab  abb'))).toBe(' ab  abb')
  })

  it('falls back to bytes, then to the unknown token', async () => {
    const tokenizer = await sentencePiece()
    expect(tokenizer.encodeOrdinary('é')).toEqual([5, 3, 4])
    expect(tokenizer.encodeOrdinary('ü')).toEqual([5, 0])
    expect(tokenizer.decode([5, 3, 4])).toBe('é')
  })

  it('puts no space before the text where the file says so', async () => {
    const tokenizer = await sentencePiece([
      ['tokenizer.ggml.add_space_prefix', { type: 'bool', value: false }],
    ])
    expect(tokenizer.encodeOrdinary('ab')).toEqual([8])
    expect(tokenizer.decode([9])).toBe(' ab')
  })

  it('needs a score for each piece', async () => {
    const short = { type: 'array', of: 'f32', values: [1, 2] } as const
    await expect(sentencePiece([['tokenizer.ggml.scores', short]])).rejects.toThrow(
      /expected 11 scores, found 2/,
    )
  })
})

it.each<[string, Record<string, WrittenValue | undefined>, RegExp]>([
  [
    'no tokenizer',
    { model: undefined, tokens: undefined },
    /tokenizer\.ggml\.model: expected this key, found none/,
  ],
  ['another algorithm', { model: text('t5') }, /tokenizer\.ggml\.model: expected gpt2 or llama, found "t5"/],
  [
    'an unknown pre-tokenizer',
    { pre: text('qwen2') },
    /tokenizer\.ggml\.pre: expected one of gpt-2, .* found "qwen2"/,
  ],
  ['no pre-tokenizer', { pre: undefined }, /tokenizer\.ggml\.pre: .* found nothing/],
  ['no merges', { merges: undefined }, /tokenizer\.ggml\.merges: expected this key, found none/],
  [
    'a merge of one token',
    { merges: texts(['ab']) },
    /tokenizer\.ggml\.merges\[0\]: expected "left right", found "ab"/,
  ],
  [
    'types for other tokens',
    { token_type: { type: 'array', of: 'i32', values: [1] } },
    /token_type: expected 258 types, found 1/,
  ],
])('refuses %s', async (_, changes, message) => {
  await expect(byteLevel(changes)).rejects.toThrow(message)
})
