import { seededPrng } from '@kvasir/units';
import { Pool } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metricSum, startStack } from './start-stack.js';
import type { RunningStack } from './start-stack.js';

const CLIENTS = 64;
const DURATION_MS = 60_000;
/** Longest time after the last client has gone until every abort has reached its engine. */
const SETTLE_MS = 10_000;

/** Blocks whose client left just as their prefill ended are kept for as long as a prefill engine's lease lasts, as with vLLM. */
const KV_LEASE_MS = 30_000;

async function sumOverEngines(stack: RunningStack, name: string): Promise<number> {
  const urls = stack.stack.summary().engines.map(({ url }) => `${url}/metrics`);
  const values = await Promise.all(urls.map((url) => metricSum(url, name)));
  return values.reduce((sum, value) => sum + value, 0);
}

/** What must be zero once nobody asks for anything. */
async function loads(stack: RunningStack): Promise<Record<string, number>> {
  const { metricsUrls } = stack.stack.summary();
  return {
    frontend: await metricSum(metricsUrls.frontend, 'kvasir_frontend_requests_in_flight'),
    decode: await metricSum(metricsUrls.frontend, 'kvasir_router_active_bookings'),
    prefill: await metricSum(metricsUrls.prefillRouter ?? '', 'kvasir_router_active_bookings'),
    running: await sumOverEngines(stack, 'vllm:num_requests_running'),
    waiting: await sumOverEngines(stack, 'vllm:num_requests_waiting'),
  };
}

describe('64 streaming clients that leave at random for 60 s', () => {
  let stack: RunningStack;

  beforeAll(async () => {
    stack = await startStack({ prefillWorkers: 2, decodeWorkers: 2, speedup: 10 });
  });
  afterAll(() => stack.stop());

  it('leave no booking behind', async () => {
    const prng = seededPrng(20_261_120);
    const pool = new Pool(stack.url, { connections: CLIENTS, pipelining: 1 });
    const counts = { finished: 0, left: 0 };
    const endMs = performance.now() + DURATION_MS;

    const client = async (): Promise<void> => {
      while (performance.now() < endMs) {
        const leave = new AbortController();
        // Half of the clients leave: some before the first byte, some in mid-stream.
        const timer = prng() < 0.5 ? setTimeout(() => leave.abort(), Math.floor(prng() * 400)) : null;
        const prompt = Array.from({ length: 64 * Math.ceil(prng() * 40) }, () => Math.floor(prng() * 1000));
        try {
          const { body, statusCode } = await pool.request({
            path: '/v1/completions',
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({
              model: 'kvasir-mock',
              prompt,
              max_tokens: Math.ceil(prng() * 60),
              stream: true,
            }),
            signal: leave.signal,
          });
          expect(statusCode).toBe(200);
          const text = await body.text();
          expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
          counts.finished += 1;
        } catch (error) {
          if (!leave.signal.aborted) throw error;
          counts.left += 1;
        } finally {
          if (timer !== null) clearTimeout(timer);
        }
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    await pool.close();

    expect(counts.finished).toBeGreaterThan(100);
    expect(counts.left).toBeGreaterThan(100);
    const zero = { frontend: 0, decode: 0, prefill: 0, running: 0, waiting: 0 };
    await expect.poll(() => loads(stack), { timeout: SETTLE_MS, interval: 100 }).toEqual(zero);
    await expect
      .poll(() => sumOverEngines(stack, 'kvasir_mock_kept_prefills'), {
        timeout: KV_LEASE_MS + SETTLE_MS,
        interval: 500,
      })
      .toBe(0);
  }, 180_000);
});
