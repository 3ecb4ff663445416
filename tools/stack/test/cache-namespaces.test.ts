import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { StackValues } from '../src/options.js';
import { askCached, bothForms, metricSum } from './start-stack.js';
import type { AnyStack } from './start-stack.js';

const SOON = { timeout: 20_000, interval: 50 };
const BLOCK_SIZE = 64;
const PROMPT_BLOCKS = 20;

const values = (): Partial<StackValues> => ({
  speedup: 20,
  dataParallelSize: 2,
  loraNames: ['sql', 'poetry'],
});

describe.each(bothForms(values))('engines with two ranks and two adapters, %s', (_, create) => {
  let stack: AnyStack;
  beforeAll(async () => {
    stack = create();
    await stack.start(new AbortController().signal);
  }, 120_000);
  afterAll(() => stack.close(), 60_000);

  const ask = (fields: object): ReturnType<typeof askCached> => askCached(stack.summary().url, fields);

  it('lists the adapters', async () => {
    const models = (await (await fetch(`${stack.summary().url}/v1/models`)).json()) as {
      data: { id: string }[];
    };
    expect(models.data.map(({ id }) => id)).toEqual(['kvasir-mock', 'sql', 'poetry']);
  });

  it('predicts exactly what the engines find, for equal prompts of every adapter and salt', async () => {
    const requests = ['kvasir-mock', 'sql', 'poetry'].flatMap((model) =>
      [{}, { cache_salt: 'tenant' }].flatMap((salt) =>
        [1, 2].map((text) => ({
          ...{ model, ...salt },
          prompt: Array.from(
            { length: PROMPT_BLOCKS * BLOCK_SIZE + 20 },
            (_token, at) => 20 + ((at * 7 + text * 101) % 900),
          ),
        })),
      ),
    );
    for (const request of requests) expect(await ask(request)).toEqual({ cached: 0, overlapBlocks: 0 });
    const router = stack.summary().metricsUrls.prefillRouter ?? '';
    await vi.waitFor(
      async () =>
        expect(await metricSum(router, 'kvasir_router_held_blocks')).toBe(requests.length * PROMPT_BLOCKS),
      SOON,
    );
    for (const request of requests)
      expect(await ask(request)).toEqual({
        cached: PROMPT_BLOCKS * BLOCK_SIZE,
        overlapBlocks: PROMPT_BLOCKS,
      });
    // More conversations than ranks: every rank of both engines holds some.
    const text = await (await fetch(router)).text();
    for (const rank of [0, 1])
      expect(text).toMatch(new RegExp(`kvasir_router_held_blocks\\{[^}]*rank="${rank}"[^}]*\\} [1-9]`));
  });
});
