import { describe, expect, it } from 'vitest';
import { ChatTemplate } from './chat-template.js';
import { changedMock, mock } from '../test/mock-variants.js';
import type { ChatInput } from './chat-template.js';

function render(template: string | object[], input: ChatInput): string {
  const loaded = changedMock({ config: { chat_template: template, bos_token: '<|endoftext|>' } });
  const rendering = new ChatTemplate(loaded).render(input);
  return rendering.kind === 'text' ? rendering.text : `refused: ${rendering.reason}`;
}

const TEXTS = '{% for message in messages %}{{ message.content }};{% endfor %}';
const PARTS =
  '{% for message in messages %}{% for part in message.content %}[{{ part.text }}]{% endfor %}{% endfor %}';
const parts = [
  { type: 'text', text: 'one' },
  { type: 'text', text: 'two' },
];

describe('ChatTemplate', () => {
  it('joins the parts of a message for templates that expect a text', () => {
    expect(render(TEXTS, { messages: [{ role: 'user', content: parts }] })).toBe('one\ntwo;');
  });

  it('hands parts to templates that go through them', () => {
    expect(render(PARTS, { messages: [{ role: 'user', content: parts }] })).toBe('[one][two]');
  });

  it('gives arguments of tool calls as objects, whatever JSON the client sent', () => {
    const template =
      '{% for call in messages[0].tool_calls %}{{ call.function.arguments | tojson }};{% endfor %}';
    const call = (text: unknown): object => ({ function: { name: 'f', arguments: text } });
    const tool_calls = [call('{"a": 1}'), call(''), call({ b: 2 }), call('no json')];
    expect(render(template, { messages: [{ role: 'assistant', tool_calls }] })).toBe(
      '{"a": 1};{};{"b": 2};"no json";',
    );
  });

  it('uses the template named tool_use when there are tools', () => {
    const named = [
      { name: 'default', template: 'plain' },
      { name: 'tool_use', template: 'with {{ tools | length }}' },
    ];
    expect(render(named, { messages: [] })).toBe('plain');
    expect(render(named, { messages: [], tools: [] })).toBe('plain');
    expect(render(named, { messages: [], tools: [{}, {}] })).toBe('with 2');
  });

  it('knows named tokens, the generation prompt and further arguments', () => {
    const template = '{{ bos_token }}{{ add_generation_prompt }}{{ enable_thinking }}';
    expect(
      render(template, {
        messages: [],
        addGenerationPrompt: false,
        templateArguments: { enable_thinking: true },
      }),
    ).toBe('<|endoftext|>falsetrue');
  });

  it('says why a template refuses', () => {
    const template = "{{ raise_exception('roles must alternate') }}";
    expect(render(template, { messages: [] })).toContain('refused: roles must alternate');
  });

  it('refuses everything when the model has no template', () => {
    expect(new ChatTemplate({ ...mock(), chatTemplates: new Map() }).render({ messages: [] })).toEqual({
      kind: 'refused',
      reason: 'the tokenizer has no chat template',
    });
  });
});
