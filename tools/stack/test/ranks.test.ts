import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { askCached, metricSum, startStack } from './start-stack.js';
import type { RunningStack } from './start-stack.js';

const CONVERSATIONS = 32;

describe('a stack of engines with two data-parallel ranks each', () => {
  let running: RunningStack;
  beforeAll(async () => {
    running = await startStack({ dataParallelSize: 2, speedup: 20 });
  }, 60_000);
  afterAll(() => running.stop());

  const ask = (prompt: readonly number[]): ReturnType<typeof askCached> => askCached(running.url, { prompt });

  it('sends a prompt to the rank that holds it: what the router predicts is what the engine finds', async () => {
    // Each goes to any rank of either engine: that none of so many goes to a rank does not happen.
    const prompts = Array.from({ length: CONVERSATIONS }, (_, index) =>
      Array.from({ length: 1_300 }, (_token, at) => 20 + ((at * 7 + index * 101) % 900)),
    );
    for (const prompt of prompts) expect((await ask(prompt)).cached).toBe(0);
    const router = running.stack.summary().metricsUrls.prefillRouter ?? '';
    // 20 blocks of 64 tokens each.
    await vi.waitFor(
      async () => expect(await metricSum(router, 'kvasir_router_held_blocks')).toBe(CONVERSATIONS * 20),
      {
        timeout: 10_000,
      },
    );
    const text = await (await fetch(router)).text();
    for (const rank of [0, 1])
      expect(text).toMatch(new RegExp(`kvasir_router_held_blocks\\{[^}]*rank="${rank}"[^}]*\\} [1-9]`));
    for (const prompt of prompts) {
      const { cached, overlapBlocks } = await ask(prompt);
      expect(overlapBlocks).toBe(20);
      expect(cached).toBe(overlapBlocks * 64);
    }
  });
});
