import { readFileSync } from 'node:fs';
import { isDict, isList, parseJson, printJson, str } from '@kvasir/python-values';
import type { Dict, Value } from '@kvasir/python-values';
import { describe, expect, it } from 'vitest';
import { mock } from '../../test/mock-variants.js';
import { ConversationEncoder } from '../conversation-encoder.js';
import { encodeTask } from '../encode-task.js';
import type { Encoded } from '../encode-task.js';
import { ChatTemplate } from './chat-template.js';

/** Requests and templates of our own, with the ids that vLLM 0.32 renders; made by `tools/rendering/conversations.py`. */
const corpus = dictOf(
  parseJson(readFileSync(new URL('../../test/conversations.json', import.meta.url), 'utf8')),
);
const [requests, templates] = [dictOf(corpus.get('requests')), dictOf(corpus.get('templates'))];

const cases = listOf(corpus.get('cases')).map((entry) => {
  const [name, family, answer] = listOf(entry);
  return { name: str(name), family: str(family), answer };
});

function dictOf(value: Value): Dict {
  if (isDict(value)) return value;
  throw new TypeError('The corpus has no object where one should be');
}

function listOf(value: Value): readonly Value[] {
  if (isList(value)) return value;
  throw new TypeError('The corpus has no array where one should be');
}

const loaded = mock();
const parts = {
  loaded,
  template: new ChatTemplate(loaded),
  encoder: new ConversationEncoder(loaded, 1_000_000),
  stretchUnitsMax: 100_000,
};

function encode(name: string, family: string): Encoded {
  const request = new Map([...dictOf(requests.get(name)), ['chat_template', templates.get(family)] as const]);
  const json = printJson(request, { isAscii: false, indent: null, separators: [',', ':'], sortsKeys: false });
  const steps = encodeTask({ kind: 'chat', body: Buffer.from(json) }, 1_000_000, parts);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function idsOf(base64: string): Uint32Array {
  const bytes = Buffer.from(base64, 'base64');
  return Uint32Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readUInt16LE(2 * index));
}

const rendered = cases.filter(({ answer }) => typeof answer === 'string');
const refused = cases.filter(({ answer }) => typeof answer === 'number');

describe('prompts as vLLM renders them', () => {
  it('has enough conversations and template families to compare', () => {
    expect(new Set(rendered.map(({ name, family }) => `${name} ${family}`)).size).toBeGreaterThanOrEqual(120);
    expect(templates.size).toBeGreaterThanOrEqual(10);
    expect(rendered.length + refused.length).toBe(cases.length);
  });

  it.each(rendered)('has the ids of $name with $family', ({ name, family, answer }) => {
    expect(encode(name, family)).toEqual({ kind: 'encoded', tokens: idsOf(str(answer)) });
  });

  it.each(refused)('leaves $name with $family to the engine, which answers $answer', ({ name, family }) => {
    expect(encode(name, family)).toMatchObject({ kind: 'refused' });
  });

  it('knows the beginning of a prompt with an image', () => {
    const expected = '<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\ny<|im_end|>';
    expect(encode('bad-image-later', 'chatml')).toMatchObject({
      why: 'templateUnsupported',
      beginning: Uint32Array.from(loaded.tokenizer.encode(expected, { add_special_tokens: false }).ids),
    });
  });
});
