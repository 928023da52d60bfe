import { expect, it } from 'vitest'
import { type ChatMessage, renderChat } from '../../src/tokenizer/chat.js'

const messages: ChatMessage[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hi' },
]
const template =
  '{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ eos_token }}\n{% endfor %}' +
  '{% if add_generation_prompt %}<assistant>{% endif %}'

it('renders the messages with the model’s own tokens', () => {
  const options = { bos: '<s>', eos: '</s>', addGenerationPrompt: true }
  expect(renderChat(template, messages, options)).toBe('<s><system>Be brief.</s>\n<user>Hi</s>\n<assistant>')
  expect(renderChat(template, messages, { addGenerationPrompt: false })).toBe('<system>Be brief.\n<user>Hi\n')
})

it.each([
  ['{{ raise_exception("no system role") }}', /^chat template: .*no system role$/],
  ['{% if %}', /^chat template: expected .*[^\n]$/],
])('says what a template refuses: %s', (bad, message) => {
  expect(() => renderChat(bad, messages, { addGenerationPrompt: true })).toThrow(message)
})
