import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { StackValues } from '../src/options.js';
import { bothForms, metricSum } from './start-stack.js';
import type { AnyStack } from './start-stack.js';

const REQUESTS = 16;
const PROMPT_TOKENS = 3_000;

const values = (): Partial<StackValues> => ({ speedup: 10, routerQueuePrefillTokens: 0 });

describe.each(bothForms(values))('a stack whose prefill router has a queue, %s', (_, create) => {
  let stack: AnyStack;
  beforeAll(async () => {
    stack = create();
    await stack.start(new AbortController().signal);
  }, 120_000);
  afterAll(() => stack.close(), 60_000);

  it('serves more at once than the workers may have booked, both legs each', async () => {
    const { url } = stack.summary();
    // Of all routers: frontends ask any one of a pool's.
    const sumOf = async (name: string): Promise<number> => {
      const sums = await Promise.all(stack.metricsUrls().map((page) => metricSum(page, name)));
      return sums.filter((sum) => !Number.isNaN(sum)).reduce((all, sum) => all + sum, 0);
    };
    const answers = await Promise.all(
      Array.from({ length: REQUESTS }, async (_request, index) => {
        const prompt = Array.from(
          { length: PROMPT_TOKENS },
          (_token, at) => 20 + ((at * 7 + index * 101) % 900),
        );
        const response = await fetch(`${url}/v1/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'kvasir-mock', prompt, max_tokens: 2 }),
        });
        await response.text();
        return [response.status, response.headers.has('x-kvasir-prefill-worker')];
      }),
    );
    expect(answers).toEqual(Array<unknown>(REQUESTS).fill([200, true]));
    expect(await sumOf('kvasir_router_waits_total')).toBeGreaterThan(REQUESTS / 4);
    for (const gauge of ['kvasir_router_waiting_requests', 'kvasir_router_active_bookings'])
      await vi.waitFor(async () => expect(await sumOf(gauge)).toBe(0), { timeout: 10_000 });
  });
});
