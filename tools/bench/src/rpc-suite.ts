import { createRouterClient } from '@kvasir/rpc';
import { requestId } from '@kvasir/units';
import { startChild } from './child.js';
import { emptyCallUs } from './empty-call.js';
import { figure } from './report.js';
import type { Suite } from './report.js';

const CALLS = 3_000;
const WARM_UP_CALLS = 1_500;
const PROMPT_TOKENS = 2_048;

/** `FindBestWorker` of a router in another process beside a call that does nothing, one at a time. */
export const rpcSuite: Suite = {
  name: 'FindBestWorker',
  async run(note) {
    const server = await startChild('bare-unary-server');
    const floor = await emptyCallUs(server.port, CALLS, WARM_UP_CALLS);
    await server.stop();
    const found = await findBestWorkerUs();
    const ratio = found / floor;
    note(
      `empty unary call ${figure(floor)} µs p50, FindBestWorker and Free ${figure(found)} µs p50 each pair's first`,
    );
    return [
      {
        work: `FindBestWorker over gRPC, ${PROMPT_TOKENS.toLocaleString('en-US')} tokens, 16 workers`,
        budget: '≤ 2 × an empty unary call p50',
        measured: `${figure(ratio)} × (${figure(found)} µs)`,
        isMet: ratio <= 2,
      },
    ];
  },
};

async function findBestWorkerUs(): Promise<number> {
  const server = await startChild('router-server');
  const client = createRouterClient(`127.0.0.1:${server.port}`, { deadlineMs: 5_000 });
  const tokens = Uint32Array.from({ length: PROMPT_TOKENS }, (_, index) => index);
  const samples: number[] = [];
  for (let call = 0; call < CALLS + WARM_UP_CALLS; call += 1) {
    const id = requestId(`r${call}`);
    const startMs = performance.now();
    await client.findBestWorker({ requestId: id, prompt: { tokens } });
    if (call >= WARM_UP_CALLS) samples.push((performance.now() - startMs) * 1000);
    await client.free(id);
  }
  client.close();
  await server.stop();
  samples.sort((left, right) => left - right);
  return samples[samples.length >> 1] ?? NaN;
}
