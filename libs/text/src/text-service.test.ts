import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { mockTokenizerPath } from './mock-tokenizer.js';
import { createTextService } from './text-service.js';
import type { TextService, TextServiceOptions } from './text-service.js';

const opened: TextService[] = [];

async function open(options: Partial<TextServiceOptions> = {}): Promise<TextService> {
  const service = createTextService({ tokenizerPath: mockTokenizerPath, ...options });
  opened.push(service);
  await service.start();
  return service;
}

const folders: string[] = [];

/** A folder with the mock tokenizer and some of its files written anew. */
async function copyOfMock(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kvasir-text-'));
  folders.push(folder);
  await cp(mockTokenizerPath, folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((service) => service.close()));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

describe('createTextService()', () => {
  it('encodes a conversation as its ChatML text', async () => {
    const service = await open();
    const messages = [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: [{ type: 'text', text: 'Who keeps the book?' }] },
    ];
    const turns =
      '<|im_start|>system\nBe short.<|im_end|>\n<|im_start|>user\nWho keeps the book?<|im_end|>\n';
    expect(await service.encodeChat({ messages })).toEqual(
      await service.encodeText(`${turns}<|im_start|>assistant\n`),
    );
    expect(await service.encodeChat({ messages, add_generation_prompt: false })).toEqual(
      await service.encodeText(turns),
    );
  });

  it('puts tools into the prompt', async () => {
    const service = await open();
    const tools = [{ type: 'function', function: { name: 'price_of' } }];
    const ids = await service.encodeChat({ messages: [{ role: 'user', content: 'hi' }], tools });
    expect(service.decode(ids)).toContain('"price_of"');
  });

  it.each(['鯨と港', '👩‍👩‍👧 🇸🇪 🧊', '  two\t\ttabs \r\n\n end  ', "don't , stop .", 'e\u0301 ß İ', ''])(
    'decodes what it encoded: %j',
    async (text) => {
      const service = await open();
      expect(service.decode(await service.encodeText(text))).toBe(text);
    },
  );

  it('decodes any text, whole and id by id', async () => {
    const service = await open();
    const text = fc.string({ unit: 'grapheme', maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(text, async (sample) => {
        const ids = await service.encodeText(sample);
        const decoder = service.createDecoder();
        const streamed = Array.from(ids, (id) => decoder.push(id)).join('') + decoder.flush();
        expect(service.decode(ids)).toBe(sample);
        expect(streamed).toBe(sample);
      }),
    );
  });

  it('tells the cached tokens of a second turn', async () => {
    const service = await open();
    const messages = [{ role: 'user', content: 'How long is the pier?' }];
    await service.encodeChat({ messages });
    const first = service.stats();
    await service.encodeChat({ messages });
    expect(service.stats().cacheHitTokens).toBe(first.cacheMissTokens);
    expect(service.stats().cacheMissTokens).toBe(first.cacheMissTokens);
  });

  it('tells the vocabulary and its special tokens', async () => {
    const service = await open();
    const [last] = await service.encodeText('<|im_end|>');
    expect(service.vocabularySize()).toBe((last ?? 0) + 1);
    expect(service.specialTokens().get('<|im_end|>')).toBe(last);
  });

  it('prefers chat_template.jinja to the template of the configuration', async () => {
    const tokenizerPath = await copyOfMock({ 'chat_template.jinja': '{{ messages[0].content }}!' });
    const service = await open({ tokenizerPath });
    expect(service.decode(await service.encodeChat({ messages: [{ role: 'user', content: 'x' }] }))).toBe(
      'x!',
    );
  });
});

describe('long texts beside short ones', () => {
  const word = 'How long is the pier? ';
  const long = word.repeat(200_000 / word.length);

  it('are overtaken', async () => {
    const service = await open();
    const done: string[] = [];
    const note = (name: string) => () => void done.push(name);
    const all = [service.encodeText(long).then(note('long'))];
    all.push(service.encodeChat({ messages: [{ role: 'user', content: 'hi' }] }).then(note('chat')));
    all.push(service.encodeText('hi').then(note('text')));
    await Promise.all(all);
    expect(done.toSorted()).toEqual(['chat', 'long', 'text']);
    expect(done.at(-1)).toBe('long');
  });

  it('end when nobody waits for them any more', async () => {
    const service = await open();
    const left = new AbortController();
    const given = Array.from({ length: 50 }, () => service.encodeText(long, { signal: left.signal }));
    const ends = Promise.allSettled(given);
    await service.encodeText('hi');
    left.abort();
    for (const end of await ends) {
      expect(end).toMatchObject({ status: 'rejected', reason: { code: 'TEXT_ABORTED' } });
    }
    expect(service.stats().pendingRequests).toBe(0);
    // Those given up take no turn from it, though each is smaller and came before.
    expect(service.decode(await service.encodeText(long + word))).toBe(long + word);
  });

  it('are left as soon as they have more tokens than wanted', async () => {
    const service = await open();
    const over = { code: 'TEXT_OVER_LIMIT', message: 'The text has more than 100 tokens' };
    await expect(service.encodeText(long, { tokensMax: 100 })).rejects.toMatchObject(over);
    const chat = { messages: [{ role: 'user', content: long }] };
    await expect(service.encodeChat(chat, { tokensMax: 100 })).rejects.toMatchObject(over);
    expect(service.stats().pendingRequests).toBe(0);
  });

  it('go to a thread of their own when they cannot be sliced, and stop it when nobody waits', async () => {
    const service = await open();
    const whole = `the ${'harbour'.repeat(10_000)}`;
    const left = new AbortController();
    const given = service.encodeText(`${whole}x`, { signal: left.signal });
    const kept = service.encodeText(whole);
    await expect.poll(() => service.stats().unslicedTexts).toBe(2);
    left.abort();
    await expect(given).rejects.toMatchObject({ code: 'TEXT_ABORTED' });
    expect(service.decode(await kept)).toBe(whole);
    expect(service.stats()).toMatchObject({ pendingRequests: 0, workerRestarts: 0 });
  });

  it('go to a thread of their own when they are conversations too large to be rendered among others', async () => {
    const service = await open();
    const message = { role: 'user', content: 'x' };
    const done: string[] = [];
    const note = (name: string) => () => void done.push(name);
    // Encoding ends at once: what it costs is to be read and rendered.
    const large = service
      .encodeChat({ messages: new Array<object>(50_000).fill(message) }, { tokensMax: 1 })
      .catch(note('large'));
    await service.encodeChat({ messages: [message] }).then(note('chat'));
    await service.encodeText('hi').then(note('text'));
    await large;
    expect(done).toEqual(['chat', 'text', 'large']);
    expect(service.stats().unslicedTexts).toBe(1);
    // The same conversation gives the same ids wherever it is rendered.
    const messages = new Array<object>(3_000).fill(message);
    const turns = '<|im_start|>user\nx<|im_end|>\n'.repeat(3_000);
    expect(await service.encodeChat({ messages })).toEqual(
      await service.encodeText(`${turns}<|im_start|>assistant\n`),
    );
  });

  it('go on with the next large conversation when nobody waits for the first, in the same thread', async () => {
    const service = await open();
    const chat = { messages: new Array<object>(3_000).fill({ role: 'user', content: 'x' }) };
    const left = new AbortController();
    const first = service.encodeChat(chat, { signal: left.signal });
    const second = service.encodeChat(chat);
    left.abort();
    await expect(first).rejects.toMatchObject({ code: 'TEXT_ABORTED' });
    expect((await second).length).toBeGreaterThan(3_000);
    expect(service.stats()).toMatchObject({ pendingRequests: 0, unslicedTexts: 2 });
  });

  it('are the same as JSON, copied or in shared memory', async () => {
    const service = await open();
    const text = 'Æ "quoted" \\ 🧊 '.repeat(4_000);
    const json = Buffer.from(JSON.stringify(text));
    const shared = new Uint8Array(new SharedArrayBuffer(json.length));
    shared.set(json);
    const ids = await service.encodeText(text);
    expect(await service.encodeText(json)).toEqual(ids);
    expect(await service.encodeText(shared)).toEqual(ids);
    expect(Buffer.from(shared).equals(json)).toBe(true);
    await expect(service.encodeText(json, { tokensMax: 5 })).rejects.toMatchObject({
      code: 'TEXT_OVER_LIMIT',
    });
  });

  it('are refused when they have a word that no thread should take', async () => {
    const service = await open();
    await expect(service.encodeText('x'.repeat(1_048_577))).rejects.toMatchObject({
      code: 'TEXT_UNSLICEABLE',
    });
  });
});

describe('the trouble of createTextService()', () => {
  it('names the path of a missing tokenizer', async () => {
    const path = join(mockTokenizerPath, 'nowhere');
    await expect(open({ tokenizerPath: path })).rejects.toMatchObject({
      code: 'TEXT_TOKENIZER_MISSING',
      message: expect.stringContaining(path) as string,
    });
  });

  it('refuses requests beyond the queue limit and counts them', async () => {
    const service = await open({ queueRequestsMax: 1 });
    const held = service.encodeText('first');
    await expect(service.encodeText('second')).rejects.toMatchObject({ code: 'TEXT_QUEUE_FULL' });
    await held;
    expect(service.stats()).toMatchObject({ rejectedRequests: 1, pendingRequests: 0 });
  });

  it('reports what the template refuses', async () => {
    const service = await open();
    const broken = service.encodeChat({ messages: [{ role: 'assistant', tool_calls: 7 }] });
    await expect(broken).rejects.toMatchObject({ code: 'TEXT_REQUEST_INVALID' });
    const chat_template =
      "{{ '<|im_end|>' + messages[0].content + '<|im_end|>x' }}{{ raise_exception('no') }}";
    const beginning = await service.encodeText('<|im_end|>a<|im_end|>');
    const refused = service.encodeChat({ messages: [{ role: 'user', content: 'a' }], chat_template });
    await expect(refused).rejects.toMatchObject({
      code: 'TEXT_TEMPLATE_REFUSED',
      message: 'Cannot render the conversation: no',
      beginning,
    });
  });

  it('fails a text that cannot be encoded alone, not with those behind it', async () => {
    const service = await open();
    const refused = service.encodeText(undefined as unknown as string);
    const behind = service.encodeText('behind it');
    await expect(refused).rejects.toMatchObject({ code: 'TEXT_ENCODING_FAILED' });
    expect(service.decode(await behind)).toBe('behind it');
    expect(service.stats().workerRestarts).toBe(0);
  });

  it.each([
    ['no JSON', { 'tokenizer.json': '{' }, /tokenizer\.json is no JSON/],
    ['no object', { 'tokenizer.json': '[]' }, /tokenizer\.json is no JSON object/],
    ['no model', { 'tokenizer.json': '{}' }, /model/],
    ['a broken configuration', { 'tokenizer_config.json': 'x' }, /tokenizer_config\.json is no JSON/],
  ])('says what is wrong with a tokenizer: %s', async (_what, files, reason) => {
    const tokenizerPath = await copyOfMock(files);
    await expect(open({ tokenizerPath })).rejects.toMatchObject({
      code: 'TEXT_TOKENIZER_INVALID',
      message: expect.stringMatching(reason) as string,
    });
  });

  it('encodes texts of a model whose template cannot be parsed', async () => {
    const tokenizerPath = await copyOfMock({ 'chat_template.jinja': '{% if %}' });
    const service = await open({ tokenizerPath });
    const chat = service.encodeChat({ messages: [{ role: 'user', content: 'x' }] });
    await expect(chat).rejects.toMatchObject({ code: 'TEXT_TEMPLATE_UNSUPPORTED' });
    expect(service.decode(await service.encodeText('x'))).toBe('x');
  });

  it('does not decode when created without', async () => {
    const service = await open({ isDecoding: false });
    const ids = await service.encodeText('hi');
    expect(() => service.decode(ids)).toThrow(/isDecoding: false/);
    expect(service.vocabularySize()).toBeGreaterThan(256);
  });

  it('rejects what is pending when it closes, and everything after', async () => {
    const service = await open();
    const pending = service.encodeText('late');
    await Promise.all([expect(pending).rejects.toMatchObject({ code: 'TEXT_CLOSED' }), service.close()]);
    await expect(service.encodeText('later')).rejects.toMatchObject({ code: 'TEXT_CLOSED' });
  });
});
