import { sequenceHashes } from '@kvasir/block-hash';
import { createTextService, mockTokenizerPath } from '@kvasir/text';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { metric, post, Scene } from './scene.js';
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
