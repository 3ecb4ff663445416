import { describe, expect, it } from 'vitest';
import { changedMock, mock } from '../../test/mock-variants.js';
import { ChatTemplate, readTemplateVariables } from './chat-template.js';
import type { Rendering } from './chat-template.js';

type Fields = Readonly<Record<string, unknown>>;

function renderJson(
  template: string | object[] | undefined,
  json: string,
  defaults: string | null = null,
): Rendering {
  const config = {
    bos_token: '<|endoftext|>',
    ...(template === undefined ? {} : { chat_template: template }),
  };
  const loaded = changedMock({ config });
  const made = new ChatTemplate(
    template === undefined ? { ...loaded, chatTemplates: new Map() } : loaded,
    readTemplateVariables(defaults),
  );
  return made.render(Buffer.from(json));
}

const user = { role: 'user', content: 'hi' };

function render(template: string | object[], fields: Fields, defaults: string | null = null): string {
  const rendering = renderJson(template, JSON.stringify({ messages: [user], ...fields }), defaults);
  return rendering.kind === 'text' ? rendering.text : `${rendering.why}: ${rendering.reason}`;
}

const TEXTS = '{% for message in messages %}{{ message.content }};{% endfor %}';
const PARTS =
  '{% for message in messages %}{% for part in message.content %}[{{ part.text }}]{% endfor %}{% endfor %}';
const parts = [
  { type: 'text', text: 'one' },
  { type: 'text', text: 'two' },
];

describe('ChatTemplate', () => {
  it('joins the parts of a message for templates that expect a text, and hands them to those that go through them', () => {
    expect(render(TEXTS, { messages: [{ role: 'user', content: parts }] })).toBe('one\ntwo;');
    expect(render(PARTS, { messages: [{ role: 'user', content: parts }] })).toBe('[one][two]');
    expect(render(PARTS, {})).toBe('[hi]');
  });

  it('uses the template named tool_use when there are tools, or the one that the request brings or names', () => {
    const named = [
      { name: 'default', template: 'plain' },
      { name: 'tool_use', template: 'with {{ tools | length }}' },
      { name: 'rag', template: 'rag' },
    ];
    const tool = { type: 'function', function: { name: 'f' } };
    expect(render(named, {})).toBe('plain');
    expect(render(named, { tools: [tool, tool] })).toBe('with 2');
    expect(render(named, { chat_template: 'rag' })).toBe('rag');
    expect(render(named, { chat_template: 'own {{ messages | length }}' })).toBe('own 1');
  });

  it('gives variables in the order server, request, fields', () => {
    const template = '{{ [bos_token, add_generation_prompt, a, b, reasoning_effort, enable_thinking] }}';
    expect(render(template, {}, '{"a": 1.0, "b": "server"}')).toBe(
      "['<|endoftext|>', True, 1.0, 'server', Undefined, Undefined]",
    );
    const chat_template_kwargs = { b: 'request', a: null, enable_thinking: true };
    expect(
      render(
        template,
        { chat_template_kwargs, reasoning_effort: 'none', add_generation_prompt: false },
        '{"a": 1}',
      ),
    ).toBe("['<|endoftext|>', False, 1, 'request', 'none', True]");
  });

  it('keeps numbers and the order of keys', () => {
    const body =
      '{"messages": [{"role": "user", "content": "x"}], "tools": [{"function": {"parameters": {"2": 1.0, "1": 1e-7, "b": 9007199254740993}, "name": "f"}}]}';
    expect(renderJson('{{ tools | tojson }}', body)).toMatchObject({
      text: '[{"type": "function", "function": {"name": "f", "description": null, "parameters": {"2": 1.0, "1": 1e-07, "b": 9007199254740993}}}]',
    });
  });

  it('cuts the prompt where the final message is to go on', () => {
    const template = '{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}';
    const messages = [user, { role: 'assistant', content: 'It is ' }];
    const continued = { messages, continue_final_message: true, add_generation_prompt: false };
    expect(render(template, continued)).toBe('<user>hi</><assistant>It is ');
    expect(render(template.replace('m.content', 'm.content | trim'), continued)).toBe(
      '<user>hi</><assistant>It is',
    );
    expect(render('{{ messages | length }}', continued)).toContain('requestInvalid');
    expect(render(template, { ...continued, add_generation_prompt: true })).toContain('requestInvalid');
  });

  it('tells what is done to the ids', () => {
    const fields = { add_special_tokens: true, truncate_prompt_tokens: 3 };
    expect(renderJson(TEXTS, JSON.stringify({ messages: [user], ...fields }))).toEqual({
      kind: 'text',
      text: 'hi;',
      addsSpecialTokens: true,
      truncation: { tokens: 3, keeps: 'last' },
    });
  });
});

describe('the shortfalls of a ChatTemplate', () => {
  it('keeps the template’s own refusal, Python’s errors and gaps of this renderer apart', () => {
    expect(render("a{{ raise_exception('roles must alternate') }}", {})).toBe(
      'templateRefused: roles must alternate',
    );
    expect(render('{{ 1 + none }}', {})).toMatch(/^templateRefused: TypeError/);
    expect(render("{{ 'x' | urlize }}", {})).toBe('templateUnsupported: the filter urlize');
    expect(render('{% if %}', {})).toMatch(/^templateUnsupported: the chat template cannot be parsed/);
    expect(renderJson(undefined, '{"messages": [{"role": "user"}]}')).toMatchObject({
      why: 'templateUnsupported',
    });
  });

  it('tells how the prompt begins', () => {
    const template =
      "{% for m in messages %}{{ m.content }};{% if loop.last %}{{ 'x' | urlize }}{% endif %}{% endfor %}";
    expect(renderJson(template, JSON.stringify({ messages: [user, user] }))).toMatchObject({
      beginning: 'hi;hi;',
    });
  });

  it('knows prompts with media up to the first message that has some', () => {
    const image = { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }, ...parts] };
    expect(renderJson(TEXTS, JSON.stringify({ messages: [user, image, user] }))).toEqual({
      kind: 'refused',
      why: 'templateUnsupported',
      reason: 'images, sounds and videos',
      beginning: 'hi;',
    });
  });

  it('has no prompt for models with a renderer of their own', () => {
    const made = new ChatTemplate({ ...mock(), modelType: 'gpt_oss' });
    expect(made.render(Buffer.from(JSON.stringify({ messages: [user] })))).toMatchObject({
      why: 'templateUnsupported',
    });
  });

  it.each([
    ['no JSON', '{"messages": ['],
    ['no object', '[]'],
    ['no UTF-8', '\ud800'],
    ['no messages', '{}'],
    ['a message without a role', '{"messages": [{"content": "x"}]}'],
    ['no content for a user', '{"messages": [{"role": "user", "content": null}]}'],
    ['empty tools', '{"messages": [{"role": "user"}], "tools": []}'],
    ['an unknown effort', '{"messages": [{"role": "user"}], "reasoning_effort": "some"}'],
    ['half a surrogate pair', '{"messages": [{"role": "user", "content": "\\ud800"}]}'],
  ])('leaves %s to the engine', (_what, json) => {
    const rendering = renderJson(TEXTS, json);
    expect(rendering).toMatchObject({ kind: 'refused', beginning: '' });
  });

  it('refuses variables of the server that are no JSON object', () => {
    expect(() => readTemplateVariables('[1]')).toThrow(SyntaxError);
    expect(() => readTemplateVariables('{')).toThrow(SyntaxError);
  });
});
