import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readHuggingFaceTokenizer } from '../../src/tokenizer/huggingface.js'
import { tinyTokenizerJson } from '../models/llama/tiny.js'
import { describeWithAssets, sharedAsset } from '../shared.js'
import { temporaryDirectory, writeInto } from '../temporary.js'
import { readTokenizerVectors } from './vectors.js'

const root = temporaryDirectory()
let directories = 0

function write(changes: object = {}, config?: object): string {
  const directory = join(root, String(directories++))
  mkdirSync(directory)
  writeInto(directory, 'tokenizer.json', JSON.stringify({ ...tinyTokenizerJson(), ...changes }))
  if (config) writeInto(directory, 'tokenizer_config.json', JSON.stringify(config))
  return directory
}

describeWithAssets('Llama 3', ['llama3-tokenizer/tokenizer.json', 'tokenizer-vectors'], () => {
  it('gives the ids of llama.cpp’s vectors, and the text back', async () => {
    const directory = join(root, 'llama3')
    mkdirSync(directory)
    copyFileSync(sharedAsset('llama3-tokenizer/tokenizer.json'), join(directory, 'tokenizer.json'))
    const config = { bos_token: '<|begin_of_text|>', eos_token: '<|eot_id|>' }
    writeInto(directory, 'tokenizer_config.json', JSON.stringify(config))
    const tokenizer = await readHuggingFaceTokenizer(directory)
    const vectors = readTokenizerVectors('llama-bpe')
    expect(vectors.length).toBeGreaterThan(40)
    for (const { text, ids } of vectors) {
      expect(tokenizer.encodeOrdinary(text), JSON.stringify(text)).toEqual(ids)
      expect(tokenizer.encode(text)).toEqual([128000, ...ids])
      expect(tokenizer.decode(ids)).toBe(text)
    }
    expect(tokenizer).toMatchObject({ vocabSize: 128256, bosTokenId: 128000, eosTokenIds: [128009] })
  })
})

describeWithAssets('stories260k', ['stories260k-hf/tokenizer.json'], () => {
  it('adds BOS, and takes the space away that it put before the text', async () => {
    const tokenizer = await readHuggingFaceTokenizer(sharedAsset('stories260k-hf'))
    const ids = tokenizer.encode('Once upon a time')
    expect(ids[0]).toBe(tokenizer.bosTokenId)
    expect(tokenizer.decode(ids, { skipSpecial: true })).toBe('Once upon a time')
    expect(tokenizer.decode(tokenizer.encodeOrdinary('  two'))).toBe('  two')
  })
})

describe('special tokens', () => {
  const config = { bos_token: '<|bos|>', eos_token: { content: '<|eos|>' } }
  it('are named in tokenizer_config.json, as text or object', async () => {
    const tokenizer = await readHuggingFaceTokenizer(write({}, config))
    expect(tokenizer).toMatchObject({ bosTokenId: 256, eosTokenIds: [257], vocabSize: 258 })
  })

  it('are added by add_bos_token and add_eos_token where there is no post-processor', async () => {
    const add = async (flags: object) =>
      (await readHuggingFaceTokenizer(write({}, { ...config, ...flags }))).encode('a')
    expect(await add({})).toEqual([97])
    expect(await add({ add_bos_token: true })).toEqual([256, 97])
    expect(await add({ add_bos_token: true, add_eos_token: true })).toEqual([256, 97, 257])
  })

  it('are added by the post-processor where there is one', async () => {
    const single = [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '<|eos|>', type_id: 0 } }]
    const post_processor = { type: 'TemplateProcessing', single, pair: single, special_tokens: {} }
    const directory = write({ post_processor }, { ...config, add_bos_token: true })
    expect((await readHuggingFaceTokenizer(directory)).encode('a')).toEqual([97, 257])
  })

  it('must be tokens', async () => {
    await expect(readHuggingFaceTokenizer(write({}, { bos_token: '<x>' }))).rejects.toThrow(
      /tokenizer_config\.json: bos_token: expected a token of tokenizer\.json, found "<x>"/,
    )
  })
})

it('encodes an empty text', async () => {
  const tokenizer = await readHuggingFaceTokenizer(write())
  expect(tokenizer.encode('')).toEqual([])
  expect(tokenizer.decode([])).toBe('')
})

it('splits off every numeric character where Digits is asked for', async () => {
  const bytes = { type: 'ByteLevel', add_prefix_space: false, use_regex: false }
  const digits = { type: 'Digits', individual_digits: true }
  const vocab = { ...(tinyTokenizerJson()['model'] as { vocab: object }).vocab, 'Ù£': 258, 'Ù£Ù£': 259 }
  const model = { type: 'BPE', vocab, merges: ['Ù £', 'Ù£ Ù£'] }
  const encode = async (pretokenizers: object[]) => {
    const directory = write({ model, pre_tokenizer: { type: 'Sequence', pretokenizers } })
    return (await readHuggingFaceTokenizer(directory)).encode('\u0663\u0663')
  }
  expect(await encode([bytes])).toEqual([259])
  expect(await encode([digits, bytes])).toEqual([258, 258])
})

describe('streams', () => {
  it('whole characters, and an id after the prompt with its leading space', async () => {
    const tokenizer = await readHuggingFaceTokenizer(write())
    const decoder = tokenizer.createStreamDecoder()
    const pieces = tokenizer.encode('é €\u{1F600}').map((id) => decoder.push(id))
    expect(pieces).toEqual(['', 'é', ' ', '', '', '€', '', '', '', '\u{1F600}'])
    expect(decoder.end()).toBe('')
  })

  it('what stays incomplete as U+FFFD, and a byte order mark as it is', async () => {
    const decoder = (await readHuggingFaceTokenizer(write())).createStreamDecoder()
    expect([0xef, 0xbb, 0xbf].map((byte) => decoder.push(byte)).join('')).toBe('\ufeff')
    expect(decoder.push(0xe2)).toBe('')
    expect(decoder.end()).toBe('\ufffd')
  })

  it('special tokens only when asked', async () => {
    const tokenizer = await readHuggingFaceTokenizer(write())
    expect(tokenizer.createStreamDecoder().push(257)).toBe('')
    expect(tokenizer.createStreamDecoder({ skipSpecial: false }).push(257)).toBe('<|eos|>')
  })

  it('refuse an id outside the vocabulary', async () => {
    const tokenizer = await readHuggingFaceTokenizer(write())
    expect(() => tokenizer.decode([97, 258])).toThrow(
      new RangeError('token id: expected 0 to 257, found 258'),
    )
  })
})

it.each<[string, object, RegExp]>([
  [
    'another algorithm',
    { model: { type: 'Unigram', vocab: [] } },
    /model\.type: expected "BPE", found "Unigram"/,
  ],
  ['no model', { model: null }, /model\.type: expected "BPE", found null/],
  [
    'ids that are not',
    { model: { type: 'BPE', vocab: { a: 1.5 }, merges: [] } },
    /model\.vocab\["a"\]: expected an id/,
  ],
  [
    'an id of 2^40',
    { model: { type: 'BPE', vocab: { a: 2 ** 40 }, merges: [] } },
    /model\.vocab\["a"\]: .* 1099511627776/,
  ],
  [
    'merges that are not',
    { model: { type: 'BPE', vocab: {}, merges: [['a']] } },
    /model\.merges\[0\]: expected two/,
  ],
  ['added tokens that are not', { added_tokens: [{ id: 1 }] }, /added_tokens: expected id and content/],
  [
    'an unknown step',
    { pre_tokenizer: { type: 'Nothing' } },
    /tokenizer: expected a pipeline .* Unknown PreTokenizer/,
  ],
  ['an unknown decoder', { decoder: { type: 'CTC' } }, /decoder: expected ByteLevel, .* found "CTC"/],
])('refuses %s', async (_, changes, message) => {
  await expect(readHuggingFaceTokenizer(write(changes))).rejects.toThrow(message)
})

it('says when there is none', async () => {
  await expect(readHuggingFaceTokenizer(root)).rejects.toThrow(
    `${root}: tokenizer.json: expected this file, found none`,
  )
})
