import type { DistributedStack } from '@kvasir/stack';

const POLL_MS = 250;

/** What is not as it was before any trouble; empty once all is, or as it is after `timeoutMs`. */
export async function unsettled(stack: DistributedStack, timeoutMs: number): Promise<readonly string[]> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const problems = await troubles(stack);
    if (problems.length === 0 || performance.now() > endMs) return problems;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Nothing may be booked or running, everything must be ready, and routers must know what prefill engines hold. */
async function troubles(stack: DistributedStack): Promise<readonly string[]> {
  const problems: string[] = [];
  const away = await stack.notReady();
  if (away.length > 0) problems.push(`not ready: ${away.join(', ')}`);
  const engines = stack.summary().engines.map(({ role, url }) => ({ role, metrics: `${url}/metrics` }));
  const bookings = await total(stack.metricsUrls(), 'kvasir_router_active_bookings');
  if (bookings !== 0) problems.push(`bookings left: ${bookings}`);
  for (const name of ['vllm:num_requests_running', 'vllm:num_requests_waiting']) {
    const left = await total(
      engines.map(({ metrics }) => metrics),
      name,
    );
    if (left !== 0) problems.push(`${name}: ${left}`);
  }
  const prefill = engines.filter(({ role }) => role === 'prefill').map(({ metrics }) => metrics);
  const held = await total(prefill, 'kvasir_mock_cached_blocks');
  for (const url of stack.prefillRouterMetricsUrls()) {
    const known = await total([url], 'kvasir_router_held_blocks');
    if (known !== held) problems.push(`a router knows ${known} blocks, engines hold ${held}`);
  }
  return problems;
}

/** NaN while one of them does not say. */
async function total(urls: readonly string[], name: string): Promise<number> {
  const values = await Promise.all(urls.map((url) => metricSum(url, name).catch(() => NaN)));
  return values.reduce((sum, value) => sum + value, 0);
}

async function metricSum(url: string, name: string): Promise<number> {
  const text = await (await fetch(url, { signal: AbortSignal.timeout(2_000) })).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
