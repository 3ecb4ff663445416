import { encodeEngineBatch, ZmqEventPublisher } from '@kvasir/engine-events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Scene, SOON } from './scene.js';

const BLOCK_SIZE = 16;
const BLOCKS = 200;
const PROMPT = Array.from({ length: BLOCKS * BLOCK_SIZE }, (_, index) => 1 + ((index * 7) % 991));

describe('answers of engines', () => {
  let scene: Scene;
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(() => scene.close());

  async function askOften(url: string, times: number, prompt: readonly number[]): Promise<void> {
    for (let time = 0; time < times; time += 1)
      expect((await scene.ask(url, prompt)).status, 'an answer').toBe(200);
  }

  it('that count other tokens than are made here are told with an example', async () => {
    const engine = await scene.engine((made) => (made.usage = { prompt_tokens: 5, completion_tokens: 1 }));
    await scene.worker('aggregated', 'w', { url: engine.url });
    const url = (await scene.frontend()).url();
    await askOften(url, 4, [1, 2, 3]);
    const { message, subject } = await scene.found(url, 'CHECK_TOKENS_DIFFER');
    expect(subject).toBe('w');
    expect(message).toContain('in 4 of the last 4 prompts, e.g. 5 where there are 3 here');
    engine.usage = { prompt_tokens: 3, completion_tokens: 1 };
    await askOften(url, 100, [1, 2, 3]);
    await scene.over(url, 'CHECK_TOKENS_DIFFER');
  });

  it('that do not say what was cached, or say other than expected, are told', async () => {
    const engine = await scene.engine(
      (made) => (made.usage = { prompt_tokens: PROMPT.length, completion_tokens: 1 }),
    );
    const events = new ZmqEventPublisher({
      endpoint: 'tcp://127.0.0.1:*',
      replayEndpoint: 'tcp://127.0.0.1:*',
      topic: '',
    });
    await events.start();
    const { endpoint, replayEndpoint } = events.endpoints();
    events.publish(
      encodeEngineBatch('vllm-array', {
        epochS: 1,
        rank: 0,
        events: [
          {
            kind: 'stored',
            hashes: Array.from({ length: BLOCKS }, (_, index) => BigInt(index + 1)),
            parent: null,
            tokens: Uint32Array.from(PROMPT),
            namespace: {},
            blockSize: BLOCK_SIZE,
          },
        ],
      }),
    );
    await scene.agent([
      ...['--url', engine.url, '--worker-id', 'w'],
      ...['--kv-events', endpoint, '--kv-replay', replayEndpoint ?? ''],
    ]);
    const url = (await scene.frontend()).url();
    await vi.waitFor(async () => {
      const answer = await scene.ask(url, PROMPT);
      expect(Number(answer.headers.get('x-kvasir-overlap-blocks'))).toBeGreaterThan(BLOCKS / 2);
    }, SOON);
    const { message } = await scene.found(url, 'CHECK_CACHED_NOT_REPORTED');
    expect(message).toContain('answers of "w" says how much was cached');
    expect(message).toContain('--enable-prompt-tokens-details');
    engine.usage = { ...engine.usage, prompt_tokens_details: { cached_tokens: 16 } };
    await askOften(url, 2, PROMPT);
    expect((await scene.found(url, 'CHECK_CACHE_PREDICTION')).message).toMatch(/and it has found (16|32)/);
    await scene.over(url, 'CHECK_CACHED_NOT_REPORTED');
    await events.close();
  });

  it('of prefill legs that hand nothing over are told', async () => {
    const [prefill, decode] = [await scene.engine(), await scene.engine()];
    await scene.worker('prefill', 'p', { url: prefill.url });
    await scene.worker('decode', 'd', { url: decode.url });
    await scene.prefillRouter();
    const url = (await scene.frontend()).url();
    await askOften(url, 8, PROMPT.slice(0, 64));
    const { message, subject } = await scene.found(url, 'CHECK_NO_HANDOVER');
    expect(subject).toBe('p');
    expect(message).toContain('decode workers compute each prompt again');
  });
});
