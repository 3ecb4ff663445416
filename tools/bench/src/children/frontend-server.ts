/** A frontend before one aggregated worker, the upstream on the given port, in a process of its own. Says its port to its parent. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { InProcessEventPlane } from '@kvasir/event-plane';
import { create, frontendConfig, frontendOptions } from '@kvasir/frontend';
import { InProcessRegistry } from '@kvasir/registry';
import { createLogger, readOptions, systemClock } from '@kvasir/service';
import { incarnation, requestId, routerId, seededPrng, workerId } from '@kvasir/units';
import { answerCpu } from './cpu.js';

const registry = new InProcessRegistry({ clock: systemClock });
const reading = readOptions(frontendOptions, { argv: ['--http-port', '0'], env: {} });
if (reading.kind !== 'ok') throw new TypeError('Cannot measure: the default options do not parse');
await registry.registerWorker(
  {
    workerId: workerId('upstream'),
    incarnation: incarnation('1'),
    endpoint: { namespace: 'kvasir', component: 'aggregated', endpoint: 'generate' },
    url: process.argv[2] ?? '',
    dialect: 'vllm',
    role: 'both',
    model: 'kvasir-mock',
    contextTokensMax: 131_072,
    tokenizerPath: null,
    blockSize: 64,
    rankStart: 0,
    rankCount: 1,
    kvBlocksTotal: 16_384,
    batchedTokensMax: 8_192,
    publishesKvEvents: false,
    isDraining: false,
    taints: [],
    loraNames: null,
  },
  // Longer than any run.
  3_600_000,
);
let requests = 0;
const frontend = create(frontendConfig(reading.values), {
  registry,
  eventPlane: new InProcessEventPlane({ clock: systemClock }),
  clock: systemClock,
  // As in production, where every request is one line; nobody reads it here.
  logger: createLogger({ name: 'bench', level: 'warn' }),
  prng: seededPrng(1),
  routerId: routerId('bench'),
  newRequestId: () => requestId(`bench-${(requests += 1)}`),
});
await frontend.start(new AbortController().signal);
while (frontend.readiness().kind !== 'ready') await new Promise(setImmediate);
process.send?.({ port: frontend.address().port });
const loopDelays = monitorEventLoopDelay({ resolution: 1 });
loopDelays.enable();
answerCpu(() => {
  const answer = { loopDelayP99Ms: loopDelays.percentile(99) / 1e6, loopDelayMaxMs: loopDelays.max / 1e6 };
  loopDelays.reset();
  return answer;
});
