import { Template } from '@huggingface/jinja'

/** One turn of a conversation. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

export interface ChatOptions {
  /** Text of the begin token; templates write it themselves. */
  readonly bos?: string | undefined
  /** Text of the end token. */
  readonly eos?: string | undefined
  /** Whether the prompt ends where the assistant's answer begins. */
  readonly addGenerationPrompt: boolean
}

/**
 * Turns a conversation into a prompt by the model's own Jinja template. The prompt spells out its special tokens, BOS
 * included, so it is encoded with `encodeOrdinary`.
 *
 * @throws Error with one line if the template cannot be parsed, or refuses the messages.
 */
export function renderChat(template: string, messages: readonly ChatMessage[], options: ChatOptions): string {
  try {
    return new Template(template).render({
      messages,
      bos_token: options.bos ?? '',
      eos_token: options.eos ?? '',
      add_generation_prompt: options.addGenerationPrompt,
    })
  } catch (cause) {
    const reason = (cause as Error).message.replaceAll(/\s+/g, ' ')
    throw new Error(`chat template: expected a template for these messages, found: ${reason}`, { cause })
  }
}
