import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sequenceHashes } from '@kvasir/block-hash';
import { createTextService, mockTokenizerPath } from '@kvasir/text';
import type { TextService } from '@kvasir/text';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorOf, metric, post, Scene } from './scene.js';
import { generates } from './test-engine.js';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const CHAT = '/v1/chat/completions';
const story = 'Kvasir was made of the spittle of all the gods. '.repeat(20);
const chat = (text: string) => ({ prompt: undefined, messages: [{ role: 'user', content: text }] });

describe('prompts of text', () => {
  it('are turned into tokens with what the workers name, and found where they are held', async () => {
    const { publisher } = await scene.worker('aggregated', 'a', generates, {
      tokenizerPath: mockTokenizerPath,
    });
    const frontend = await scene.frontend();
    const text = createTextService({ tokenizerPath: mockTokenizerPath });
    await text.start();
    try {
      const tokens = await text.encodeChat({ messages: [{ role: 'user', content: story }] });
      publisher.publishStored(0, null, sequenceHashes(tokens, 4));
      publisher.flush();
      await expect
        .poll(async () =>
          Number((await post(frontend, chat(story), { path: CHAT })).headers.get('x-kvasir-overlap-blocks')),
        )
        .toBe(Math.floor(tokens.length / 4));
    } finally {
      await text.close();
    }
  });

  it('are routed by load alone when no tokenizer is known, and counted', async () => {
    await scene.worker('aggregated', 'a', generates);
    const frontend = await scene.frontend();
    expect((await post(frontend, { prompt: story })).status).toBe(200);
    expect((await post(frontend, chat(story), { path: CHAT })).status).toBe(200);
    expect(await metric(frontend, 'kvasir_frontend_untokenized_requests_total')).toBe(2);
  });

  it('use a given text service, which is left open', async () => {
    const text = createTextService({ tokenizerPath: mockTokenizerPath });
    await text.start();
    await scene.worker('aggregated', 'a', generates);
    const frontend = await scene.frontend([], text);
    const { headers } = await post(frontend, { prompt: ['Once', 'Twice'] });
    expect(headers.get('x-kvasir-overlap-blocks')).toBe('0');
    expect(await metric(frontend, 'kvasir_frontend_untokenized_requests_total')).toBe(0);
    await frontend.close();
    expect((await text.encodeText('still there')).length).toBeGreaterThan(0);
    await text.close();
  });
});

describe('prompts that cannot be rendered here', () => {
  const folders: string[] = [];
  afterEach(async () => {
    await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
  });

  async function tokenizerWith(template: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'kvasir-template-'));
    folders.push(folder);
    await cp(mockTokenizerPath, folder, { recursive: true });
    await writeFile(join(folder, 'chat_template.jinja'), template);
    return folder;
  }

  const turns = "{% for m in messages %}{{ '<|im_start|>' + m.role + m.content + '<|im_end|>' }}{% endfor %}";

  it.each([
    ['templateUnsupported', `${turns}{{ 'x' | urlize }}`],
    ['templateUnsupported', '{% if %}'],
    ['templateRefused', `${turns}{{ raise_exception('roles must alternate') }}`],
  ])('are the engine’s to judge, and counted: %s', async (reason, template) => {
    const tokenizerPath = await tokenizerWith(template);
    await scene.worker('aggregated', 'a', generates, { tokenizerPath });
    const frontend = await scene.frontend();
    expect((await post(frontend, chat(story), { path: CHAT })).status).toBe(200);
    const name = 'kvasir_frontend_untokenized_requests_total';
    expect(await metric(frontend, name, `reason="${reason}"`)).toBe(1);
    expect(await metric(frontend, name)).toBe(1);
  });

  it('are routed by the beginning that is known', async () => {
    const tokenizerPath = await tokenizerWith(`${turns}{{ 'x' | urlize }}`);
    const { publisher } = await scene.worker('aggregated', 'a', generates, { tokenizerPath });
    const frontend = await scene.frontend();
    const text = createTextService({ tokenizerPath: mockTokenizerPath });
    await text.start();
    try {
      const beginning = await text.encodeText(`<|im_start|>user${story}<|im_end|>`);
      publisher.publishStored(0, null, sequenceHashes(beginning, 4));
      publisher.flush();
      await expect
        .poll(async () =>
          Number((await post(frontend, chat(story), { path: CHAT })).headers.get('x-kvasir-overlap-blocks')),
        )
        .toBe(Math.floor(beginning.length / 4));
    } finally {
      await text.close();
    }
  });
});

describe('prompts over the context', () => {
  const tokenizerPath = mockTokenizerPath;

  it('are refused, as soon as that is sure', async () => {
    await scene.worker('aggregated', 'a', generates, { tokenizerPath });
    const frontend = await scene.frontend();
    const answers = await Promise.all([
      post(frontend, chat(story.repeat(100)), { path: CHAT }),
      post(frontend, { prompt: story.repeat(100) }),
    ]);
    for (const answer of answers) {
      expect(answer.status).toBe(400);
      expect(errorOf(answer)).toMatchObject({
        code: 'context_length_exceeded',
        message: expect.stringContaining('has more than 997 in the prompt') as string,
      });
    }
  });

  it('reach an engine that is asked to shorten them, and are found by what it keeps', async () => {
    const { publisher } = await scene.worker('aggregated', 'a', generates, { tokenizerPath });
    const frontend = await scene.frontend();
    const tokens = Uint32Array.from({ length: 1200 }, (_, index) => index + 1);
    publisher.publishStored(0, null, sequenceHashes(tokens.slice(-100), 4));
    publisher.flush();
    const fields = { prompt: [...tokens], truncate_prompt_tokens: 100 };
    await expect
      .poll(async () => Number((await post(frontend, fields)).headers.get('x-kvasir-overlap-blocks')))
      .toBe(25);
    const asked = { ...chat(story.repeat(100)), truncate_prompt_tokens: -1 };
    expect((await post(frontend, asked, { path: CHAT })).status).toBe(200);
  });
});

const LONG_BYTES = 10_000;

/** A text service in which long conversations stay in hand until they are let go. */
function heldChats(text: TextService): { readonly text: TextService; readonly letGo: () => void } {
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const encodeChat: TextService['encodeChat'] = async (request, options) => {
    if (request instanceof Uint8Array && request.length > LONG_BYTES) await held;
    return await text.encodeChat(request, options);
  };
  return { text: { ...text, encodeChat }, letGo };
}

describe('a prompt beside one that is very long', () => {
  it('is answered first', async () => {
    const text = createTextService({ tokenizerPath: mockTokenizerPath });
    await text.start();
    // It is in hand for as long as this test wants, however fast this machine is.
    const long = heldChats(text);
    await scene.worker('aggregated', 'a', generates, { contextTokensMax: 10_000_000 });
    const frontend = await scene.frontend([], long.text);
    const done: string[] = [];
    const answered = post(frontend, chat(story.repeat(20)), { path: CHAT }).then(() => done.push('long'));
    await expect.poll(() => metric(frontend, 'kvasir_frontend_text_bytes')).toBeGreaterThan(LONG_BYTES);
    await post(frontend, chat('hi'), { path: CHAT }).then(() => done.push('short'));
    long.letGo();
    await answered;
    expect(done).toEqual(['short', 'long']);
    await text.close();
  });

  it('is served by load when there are more bytes of text than may be', async () => {
    await scene.worker('aggregated', 'a', generates, { tokenizerPath: mockTokenizerPath });
    const frontend = await scene.frontend(['--text-bytes-max', '1000']);
    expect((await post(frontend, chat(story), { path: CHAT })).status).toBe(200);
    expect(await metric(frontend, 'kvasir_frontend_untokenized_requests_total', 'reason="textBytes"')).toBe(
      1,
    );
  });
});
