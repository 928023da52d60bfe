/** Text to token ids and back, as the model's authors do it. */
export interface Tokenizer {
  /** In a few words: the algorithm, and the pre-tokenizer where it has a name. */
  readonly kind: string
  /** One more than the highest id. */
  readonly vocabSize: number
  /** Text of each token that stands for something outside the text (begin, end, roles in a chat) and its id. */
  readonly specialTokens: ReadonlyMap<string, number>
  readonly bosTokenId?: number
  readonly eosTokenIds: readonly number[]
  /** The ids of a text, with the special tokens that this model's tokenizer adds by itself, such as a leading BOS. */
  encode(text: string): number[]
  /** The ids of a text alone. Special tokens that are spelled out in the text are still recognised. */
  encodeOrdinary(text: string): number[]
  /**
   * The text of a whole sequence; bytes that are not UTF-8 become U+FFFD.
   *
   * @throws RangeError for an id outside the vocabulary.
   */
  decode(ids: readonly number[], options?: DecodeOptions): string
  /**
   * A decoder for ids that arrive one by one and **continue** a text, such as those generated after a prompt: the
   * first one's leading space is kept.
   */
  createStreamDecoder(options?: DecodeOptions): StreamDecoder
}

export interface DecodeOptions {
  /** Leave special tokens out of the text. Default: keep them in `decode`, leave them out of a stream. */
  readonly skipSpecial?: boolean
}

export interface StreamDecoder {
  /** The text that this id completes: whole characters only, so it is empty while one is still incomplete. */
  push(id: number): string
  /** What was left incomplete, as U+FFFD; empty after whole characters. */
  end(): string
}
