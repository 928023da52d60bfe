import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { FormatError, show } from '../formats/error.js'
import { isJsonObject, type JsonObject, readJsonObject } from '../formats/json.js'
import { JsonTokenizer } from './json-tokenizer.js'
import type { Tokenizer } from './tokenizer.js'
import { parseTokenizerJson, specialTokenTemplate, type TokenizerJson } from './tokenizer-json.js'

/**
 * The tokenizer of a Hugging Face directory: tokenizer.json, with the roles of its special tokens in
 * tokenizer_config.json.
 *
 * What is added around a text is what tokenizer.json's post-processor says, as in transformers 5; `add_bos_token` and
 * `add_eos_token` count only where there is no post-processor.
 *
 * @throws FormatError if tokenizer.json is missing or cannot be followed exactly.
 */
export async function readHuggingFaceTokenizer(directory: string): Promise<Tokenizer> {
  const file = join(directory, 'tokenizer.json')
  if (!existsSync(file)) throw new FormatError(directory, 'tokenizer.json', 'expected this file, found none')
  const json = parseTokenizerJson(await readJsonObject(file), file)
  const configFile = join(directory, 'tokenizer_config.json')
  const config = existsSync(configFile) ? await readJsonObject(configFile) : {}

  const bos = tokenNamed(config, 'bos_token', configFile)
  const eos = tokenNamed(config, 'eos_token', configFile)
  const added = (flag: string, token: string | undefined) => (config[flag] === true ? token : undefined)
  const template = specialTokenTemplate(added('add_bos_token', bos), added('add_eos_token', eos))
  const withTemplate = { ...json, post_processor: json.post_processor ?? template }
  const eosTokenId = idOf(json, eos, 'eos_token', configFile)
  return new JsonTokenizer(withTemplate, file, 'BPE (tokenizer.json)', {
    bosTokenId: idOf(json, bos, 'bos_token', configFile),
    eosTokenIds: eosTokenId === undefined ? [] : [eosTokenId],
  })
}

/** A token is named by its text, or by an object that holds the text as `content`. */
function tokenNamed(config: JsonObject, key: string, file: string): string | undefined {
  const value = config[key]
  const text = isJsonObject(value) ? value['content'] : value
  if (text == null) return undefined
  if (typeof text !== 'string') throw new FormatError(file, key, `expected a token, found ${show(value)}`)
  return text
}

function idOf(json: TokenizerJson, token: string | undefined, key: string, file: string): number | undefined {
  if (token === undefined) return undefined
  const id = json.added_tokens.find(({ content }) => content === token)?.id
  if (id !== undefined) return id
  if (Object.hasOwn(json.model.vocab, token)) return json.model.vocab[token]
  throw new FormatError(file, key, `expected a token of tokenizer.json, found ${show(token)}`)
}
