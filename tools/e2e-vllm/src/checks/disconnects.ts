import { ask } from '../ask.js';
import { wordsOf } from '../conversation-text.js';
import { Comparisons } from '../findings.js';
import type { Finding } from '../findings.js';
import { MODEL } from '../workshop.js';
import type { Engine } from '../workshop.js';

const CLIENTS = 12;
const QUIET_MS = 10_000;
const POLL_MS = 200;

/** Clients that leave in the middle of their answers: engines stop computing, and what was computed is found again. */
export async function disconnects(url: string, engines: readonly Engine[], scene: string): Promise<Finding> {
  const comparisons = new Comparisons();
  const requests = Array.from({ length: CLIENTS }, (_, client) => ({
    model: MODEL,
    messages: [{ role: 'user', content: wordsOf(700 + client, 80) }],
    max_tokens: 2_000,
    min_tokens: 2_000,
    ignore_eos: true,
    temperature: 0,
  }));
  await Promise.all(requests.map((request) => leaveAfterFirst(url, request)));
  comparisons.same('requests still running', 0, await runningOnceQuiet(engines));
  for (const [client, request] of requests.entries()) {
    const short = { ...request, max_tokens: 4, min_tokens: 4 };
    const again = await ask(url, '/v1/chat/completions', short);
    comparisons.same(`client ${client}, cached`, again.cachedTokens, again.predictedTokens);
    comparisons.same(`client ${client}, found again`, true, again.cachedTokens > 0);
  }
  return comparisons.finding(scene, 'clients that leave', `${CLIENTS} left after the first bytes`);
}

async function leaveAfterFirst(url: string, request: object): Promise<void> {
  const left = new AbortController();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...request, stream: true }),
    signal: left.signal,
  });
  await response.body?.getReader().read();
  left.abort();
}

async function runningOnceQuiet(engines: readonly Engine[]): Promise<number> {
  const endMs = performance.now() + QUIET_MS;
  for (;;) {
    const counts = await Promise.all(engines.map(({ url }) => metric(url, 'vllm:num_requests_running')));
    const running = counts.reduce((sum, count) => sum + count, 0);
    if (running === 0 || performance.now() > endMs) return running;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Sum of one metric of an engine over its labels. */
export async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
