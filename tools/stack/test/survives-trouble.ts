import { expect } from 'vitest';
import type { DistributedStack } from '../src/distributed-stack.js';
import { metricSum } from './start-stack.js';
import { Traffic } from './traffic.js';
import type { Counts } from './traffic.js';

/** How long after trouble everything must be as if it had not been. */
const SETTLE_MS = 30_000;

/** Runs trouble under traffic; afterwards all loads must be zero and every router must know what the engines hold. */
export async function survivesTrouble(
  stack: DistributedStack,
  trouble: () => Promise<void>,
): Promise<Counts> {
  const traffic = new Traffic(stack);
  await expect.poll(() => traffic.counts.answered, { timeout: SETTLE_MS }).toBeGreaterThan(20);
  await trouble();
  const before = traffic.counts.answered;
  await expect.poll(() => traffic.counts.answered - before, { timeout: SETTLE_MS }).toBeGreaterThan(40);
  const counts = await traffic.stop();
  await expect
    .poll(() => loads(stack), { timeout: SETTLE_MS, interval: 200 })
    .toEqual({ bookings: 0, running: 0, waiting: 0 });
  await expect.poll(() => areIndexesRight(stack), { timeout: SETTLE_MS, interval: 200 }).toBe(true);
  return counts;
}

async function loads(stack: DistributedStack): Promise<Record<string, number>> {
  const { engines } = stack.summary();
  const sum = async (urls: readonly string[], name: string): Promise<number> => {
    const values = await Promise.all(urls.map((url) => metricSum(url, name).catch(() => NaN)));
    return values.reduce((total, value) => total + value, 0);
  };
  const engineUrls = engines.map(({ url }) => `${url}/metrics`);
  return {
    bookings: await sum(stack.metricsUrls(), 'kvasir_router_active_bookings'),
    running: await sum(engineUrls, 'vllm:num_requests_running'),
    waiting: await sum(engineUrls, 'vllm:num_requests_waiting'),
  };
}

/** Prefill routers hold as many block entries as the prefill engines hold different blocks. */
export async function areIndexesRight(stack: DistributedStack): Promise<boolean> {
  const { engines } = stack.summary();
  const held = await Promise.all(
    engines
      .filter(({ role }) => role === 'prefill')
      .map(({ url }) => metricSum(`${url}/metrics`, 'kvasir_mock_cached_blocks')),
  );
  const total = held.reduce((sum, value) => sum + value, 0);
  const known = await Promise.all(
    stack.prefillRouterMetricsUrls().map((url) => metricSum(url, 'kvasir_router_held_blocks')),
  );
  return total > 0 && known.every((blocks) => blocks === total);
}
