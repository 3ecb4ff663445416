import { create as createFrontend, frontendConfig, frontendOptions } from '@kvasir/frontend';
import { InProcessEventPlane } from '@kvasir/event-plane';
import { create as createMockEngine, mockEngineConfig, mockEngineOptions } from '@kvasir/mock-engine';
import { InProcessRegistry } from '@kvasir/registry';
import { createLogger, readOptions, systemClock } from '@kvasir/service';
import { requestId, routerId, seededPrng } from '@kvasir/units';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { metricSum, startStack } from './start-stack.js';
import type { RunningStack } from './start-stack.js';

const BLOCK_SIZE = 16;
const SOON = { timeout: 20_000 };

describe('a frontend without a tokenizer before engines with render routes', () => {
  const registry = new InProcessRegistry({ clock: systemClock });
  const plane = new InProcessEventPlane({ clock: systemClock });
  const prng = seededPrng(5);
  const context = { clock: systemClock, logger: createLogger({ name: 'test', level: 'silent' }), prng };
  const closers: (() => Promise<unknown>)[] = [];
  let url = '';

  beforeAll(async () => {
    const none = new AbortController().signal;
    for (let count = 0; count < 2; count += 1) {
      const argv = [
        '--http-port',
        '0',
        '--speedup',
        '50',
        '--block-size',
        String(BLOCK_SIZE),
        '--enable-scale-out',
      ];
      const reading = readOptions(mockEngineOptions, { argv, env: {} });
      if (reading.kind !== 'ok') throw new TypeError('Cannot test: the flags of the engine do not parse');
      const planes = { registry, eventPlane: plane };
      const engine = createMockEngine(mockEngineConfig(reading.values), {
        ...context,
        planes,
        epochMs: Date.now,
      });
      await engine.start(none);
      closers.push(() => engine.close());
    }
    // Far more patience than a render needs: what is asked here does not depend on how fast this machine is.
    const argv = ['--http-port', '0', '--tokenizer', 'engine', '--render-timeout-ms', '60000'];
    const reading = readOptions(frontendOptions, { argv, env: {} });
    if (reading.kind !== 'ok') throw new TypeError('Cannot test: the flags of the frontend do not parse');
    let requests = 0;
    const frontend = createFrontend(frontendConfig(reading.values), {
      ...{ ...context, registry, eventPlane: plane, routerId: routerId('f') },
      newRequestId: () => requestId(`r-${(requests += 1)}`),
    });
    await frontend.start(none);
    closers.push(() => frontend.close());
    await vi.waitFor(() => expect(frontend.readiness().kind).toBe('ready'), SOON);
    url = frontend.url();
  }, 60_000);
  afterAll(async () => {
    for (const close of closers.toReversed()) await close();
    await registry.close();
    await plane.close();
  });

  async function ask(path: string, fields: object): Promise<{ cached: number; predicted: number }> {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'kvasir-mock', max_tokens: 2, ...fields }),
    });
    const body = (await response.json()) as { usage: { prompt_tokens_details: { cached_tokens: number } } };
    expect(response.status).toBe(200);
    return {
      cached: body.usage.prompt_tokens_details.cached_tokens,
      predicted: Number(response.headers.get('x-kvasir-overlap-blocks')) * BLOCK_SIZE,
    };
  }

  const story = 'Kvasir was made of the spittle of all the gods. '.repeat(20);

  it.each([
    ['/v1/chat/completions', { messages: [{ role: 'user', content: `Tell of this: ${story}` }] }],
    ['/v1/completions', { prompt: `Once upon a time: ${story}` }],
  ])('predicts of %s what the engines find', async (path, fields) => {
    expect(await ask(path, fields)).toEqual({ cached: 0, predicted: 0 });
    const again = await vi.waitFor(async () => {
      const found = await ask(path, fields);
      expect(found.predicted).toBeGreaterThan(0);
      return found;
    }, SOON);
    expect(again.cached).toBe(again.predicted);
    expect(await metricSum(`${url}/metrics`, 'kvasir_frontend_untokenized_requests_total')).toBeNaN();
  });
});

describe('a stack whose engines tell images apart', () => {
  let running: RunningStack;
  beforeAll(async () => {
    running = await startStack({ speedup: 20, blockSize: BLOCK_SIZE });
  }, 60_000);
  afterAll(() => running.stop());

  async function ask(image: string): Promise<{ cached: number; predicted: number }> {
    const story = 'Kvasir was made of the spittle of all the gods. '.repeat(20);
    const parts = [
      { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } },
      { type: 'text', text: story },
    ];
    const messages = [
      { role: 'user', content: `Look at this. ${story}` },
      { role: 'assistant', content: 'I look.' },
      { role: 'user', content: parts },
    ];
    const response = await fetch(`${running.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'kvasir-mock', max_tokens: 2, messages }),
    });
    const body = (await response.json()) as { usage: { prompt_tokens_details: { cached_tokens: number } } };
    expect(response.status).toBe(200);
    return {
      cached: body.usage.prompt_tokens_details.cached_tokens,
      predicted: Number(response.headers.get('x-kvasir-overlap-blocks')) * BLOCK_SIZE,
    };
  }

  it('never predicts a hit behind an image, whatever equal text follows it', async () => {
    expect(await ask('AAAA')).toEqual({ cached: 0, predicted: 0 });
    const other = await vi.waitFor(async () => {
      const found = await ask('BBBB');
      expect(found.predicted).toBeGreaterThan(0);
      return found;
    }, SOON);
    const third = await ask('CCCC');
    expect(third.predicted).toBe(other.predicted);
    // Another image: the engine finds what is before it, and no more.
    expect(third.cached).toBeGreaterThanOrEqual(third.predicted);
    // The same image: whichever engine has seen it finds more, and is promised no more than before.
    await vi.waitFor(async () => {
      const again = await ask('CCCC');
      expect(again.predicted).toBe(third.predicted);
      expect(again.cached).toBeGreaterThan(third.cached);
    }, SOON);
  });
});
