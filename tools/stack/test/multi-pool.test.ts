import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { StackValues } from '../src/options.js';
import { bothForms, metricSum } from './start-stack.js';
import type { AnyStack } from './start-stack.js';

const CLIENTS = 8;
const SOON = { timeout: 30_000, interval: 100 };
const SHORT = 300;
const LONG = 9_000;

interface Answer {
  readonly status: number;
  readonly prefillPool: string | null;
  readonly decodePool: string | null;
  readonly text: string;
}

async function ask(url: string, promptTokens: number, seed: number): Promise<Answer> {
  const prompt = Array.from({ length: promptTokens }, (_, index) => 20 + ((index * 7 + seed * 131) % 900));
  const response = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ model: 'kvasir-mock', prompt, max_tokens: 8 },
      nvext: { router: { ttft_target: 100 } },
    }),
  });
  return {
    status: response.status,
    prefillPool: response.headers.get('x-kvasir-prefill-pool'),
    decodePool: response.headers.get('x-kvasir-decode-pool'),
    text: await response.text(),
  };
}

/** Runs clients with short and long prompts in turn while something happens, and for some requests more. */
async function underLoad(stack: AnyStack, happening: () => Promise<void>): Promise<readonly Answer[]> {
  const { frontendUrls } = stack.summary();
  const answers: Answer[] = [];
  let isOver = false;
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    for (let turn = 0; !isOver; turn += 1) {
      const url = frontendUrls[(client + turn) % frontendUrls.length] ?? '';
      answers.push(await ask(url, turn % 2 === 0 ? SHORT : LONG, client * 1_000 + turn));
    }
  });
  await expect.poll(() => answers.length, SOON).toBeGreaterThan(20);
  await happening();
  const before = answers.length;
  await expect.poll(() => answers.length - before, SOON).toBeGreaterThan(60);
  isOver = true;
  await Promise.all(clients);
  return answers;
}

const failures = (answers: readonly Answer[]): readonly string[] =>
  answers.filter(({ status }) => status !== 200).map(({ status, text }) => `${status} ${text.slice(0, 300)}`);

async function change(stack: AnyStack, pool: string, body: unknown): Promise<void> {
  for (const url of stack.globalRouterUrls()) {
    const response = await fetch(`${url}/admin/pools/${pool}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
  }
}

const values = (): Partial<StackValues> => ({ example: 'multi-pool', speedup: 20 });

describe.each(bothForms(values))('the multi-pool example %s', (_, create) => {
  let stack: AnyStack;
  /** Known while all of it runs. */
  let metricsUrls: readonly string[];
  beforeAll(async () => {
    stack = create();
    await stack.start(new AbortController().signal);
    metricsUrls = stack.metricsUrls();
    // Pools are known to the global routers a moment after they are ready.
    for (const url of stack.globalRouterUrls())
      await vi.waitFor(async () => {
        const page = (await (await fetch(`${url}/admin/pools`)).json()) as { pools: { report: unknown }[] };
        expect(page.pools.filter(({ report }) => report !== null)).toHaveLength(4);
      }, SOON);
  }, 120_000);
  afterAll(() => stack.close(), 60_000);

  const bookings = async (): Promise<number> => {
    const counts = await Promise.all(
      metricsUrls.map((url) => metricSum(url, 'kvasir_router_active_bookings').catch(() => 0)),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  };

  it('sends requests where the grid says', async () => {
    for (const url of stack.summary().frontendUrls) {
      expect(await ask(url, SHORT, 1)).toMatchObject({
        ...{ status: 200, prefillPool: 'prefill-short', decodePool: 'decode-short' },
      });
      expect(await ask(url, LONG, 2)).toMatchObject({
        ...{ status: 200, prefillPool: 'prefill-long', decodePool: 'decode-long' },
      });
    }
  });

  it('loses no request when a pool is drained, and uses it again afterwards', async () => {
    const answers = await underLoad(stack, async () => {
      await change(stack, 'prefill-long', { isDraining: true });
      await change(stack, 'decode-short', { isDraining: true });
    });
    expect(failures(answers)).toEqual([]);
    const last = answers.slice(-20);
    expect(new Set(last.map(({ prefillPool }) => prefillPool))).toEqual(new Set(['prefill-short']));
    expect(new Set(last.map(({ decodePool }) => decodePool))).toEqual(new Set(['decode-long']));
    for (const pool of ['prefill-long', 'decode-short']) await change(stack, pool, { isDraining: false });
    const [url = ''] = stack.summary().frontendUrls;
    expect(await ask(url, LONG, 3)).toMatchObject({ prefillPool: 'prefill-long' });
    await expect.poll(bookings, SOON).toBe(0);
  });

  it('loses no request when the router and the engine of a prefill pool are killed', async () => {
    const answers = await underLoad(stack, async () => {
      await Promise.all([stack.kill('router-prefill-long'), stack.kill('prefill-long-1')]);
    });
    expect(failures(answers)).toEqual([]);
    expect(new Set(answers.slice(-20).map(({ prefillPool }) => prefillPool))).toEqual(
      new Set(['prefill-short']),
    );
    await expect.poll(bookings, SOON).toBe(0);
  });
});
