import { createRouterClient } from '@kvasir/rpc';
import type { RouterClient } from '@kvasir/rpc';
import { requestId } from '@kvasir/units';
import { startChild } from './child.js';
import type { BenchChild } from './child.js';
import { emptyCallUs } from './empty-call.js';
import { percentiles, timeEachAsync } from './measure.js';
import { figure } from './report.js';
import type { BudgetLine, Suite } from './report.js';

const CALLS = 2_000;
const WARM_UP_CALLS = 1_000;
const PROMPT_TOKENS = 2_048;
const POOL_COUNT = 8;

const prompt = { tokens: Uint32Array.from({ length: PROMPT_TOKENS }, (_, index) => index) };

/** What a global router adds to `FindBestWorker`: every router is a process of its own, one call at a time. */
export const globalSuite: Suite = {
  name: 'global router',
  async run(note) {
    const pools = await Promise.all(Array.from({ length: POOL_COUNT }, () => startChild('router-server')));
    try {
      return [await gridLine(pools.slice(0, 1), note), await probeLine(pools, note)];
    } finally {
      for (const pool of pools) await pool.stop();
    }
  },
};

type Note = (text: string) => void;

async function gridLine(pools: readonly BenchChild[], note: Note): Promise<BudgetLine> {
  const empty = await startChild('bare-unary-server');
  const emptyUs = await emptyCallUs(empty.port, CALLS, WARM_UP_CALLS);
  const relay = await startChild('bare-relay-server', [String(empty.port)]);
  const relayedUs = await emptyCallUs(relay.port, CALLS, WARM_UP_CALLS);
  await relay.stop();
  await empty.stop();
  const directUs = await withClient(pools[0]?.port ?? 0, findUs);
  const hop = await startChild('global-server', ['grid', ...pools.map(({ port }) => String(port))]);
  const throughUs = await withClient(hop.port, findUs);
  await hop.stop();
  const addedUs = throughUs - directUs;
  note(
    `empty call ${figure(emptyUs)} µs, through a server that only passes it on ${figure(relayedUs)} µs, FindBestWorker direct ${figure(directUs)} µs, through the global router ${figure(throughUs)} µs, p50 each`,
  );
  return {
    work: 'global hop on FindBestWorker, chosen by grid',
    budget: '≤ an empty unary call + 0.3 ms p50',
    measured: `+${figure(addedUs / 1_000)} ms (empty call ${figure(emptyUs / 1_000)} ms, an empty hop +${figure((relayedUs - emptyUs) / 1_000)} ms)`,
    isMet: addedUs <= emptyUs + 300,
  };
}

async function probeLine(pools: readonly BenchChild[], note: Note): Promise<BudgetLine> {
  const directUs = await withClient(pools[0]?.port ?? 0, findUs);
  const slowestUs = await slowestProbeUs(pools);
  const hop = await startChild('global-server', ['probe', ...pools.map(({ port }) => String(port))]);
  const throughUs = await withClient(hop.port, findUs);
  await hop.stop();
  const addedUs = throughUs - directUs;
  note(
    `slowest of ${POOL_COUNT} probes ${figure(slowestUs)} µs, FindBestWorker through the global router with probes ${figure(throughUs)} µs, p50 each`,
  );
  return {
    work: `global hop on FindBestWorker, ${POOL_COUNT} pools probed`,
    budget: '≤ the slowest probe + 0.5 ms p50',
    measured: `+${figure(addedUs / 1_000)} ms (slowest probe ${figure(slowestUs / 1_000)} ms)`,
    isMet: addedUs <= slowestUs + 500,
  };
}

async function findUs(client: RouterClient): Promise<number> {
  const samples = new Float64Array(CALLS);
  for (let call = -WARM_UP_CALLS; call < CALLS; call += 1) {
    const id = requestId(`r${call}`);
    const startMs = performance.now();
    await client.findBestWorker({ requestId: id, prompt });
    if (call >= 0) samples[call] = (performance.now() - startMs) * 1_000;
    await client.free(id);
  }
  return percentiles(samples).p50;
}

/** All pools asked at once: the time until the last one has answered. */
async function slowestProbeUs(pools: readonly BenchChild[]): Promise<number> {
  const clients = pools.map(({ port }) => createRouterClient(`127.0.0.1:${port}`, { deadlineMs: 5_000 }));
  const times = await timeEachAsync(CALLS / 2, WARM_UP_CALLS / 2, () =>
    Promise.all(clients.map((client) => client.bestWorkerId({ prompt }))),
  );
  for (const client of clients) client.close();
  return times.p50;
}

async function withClient(port: number, measure: (client: RouterClient) => Promise<number>): Promise<number> {
  const client = createRouterClient(`127.0.0.1:${port}`, { deadlineMs: 5_000 });
  const measured = await measure(client);
  client.close();
  return measured;
}
