/** A prefill router with 16 workers in a process of its own: what `FindBestWorker` over gRPC is measured against. Says its port to its parent. */
import { InProcessEventPlane } from '@kvasir/event-plane';
import { create, prefillRouterConfig, prefillRouterOptions } from '@kvasir/prefill-router';
import { InProcessRegistry } from '@kvasir/registry';
import { createLogger, readOptions, systemClock } from '@kvasir/service';
import { incarnation, requestId, routerId, seededPrng, workerId } from '@kvasir/units';

const WORKER_COUNT = 16;
const BLOCK_SIZE = 64;
/** Longer than any run. */
const LEASE_MS = 3_600_000;

const registry = new InProcessRegistry({ clock: systemClock });
const reading = readOptions(prefillRouterOptions, {
  argv: ['--grpc-port', '0', '--admin-port', '0'],
  env: {},
});
if (reading.kind !== 'ok') throw new TypeError('Cannot measure: the default options do not parse');
const config = prefillRouterConfig(reading.values);
for (let worker = 0; worker < WORKER_COUNT; worker += 1) {
  await registry.registerWorker(
    {
      workerId: workerId(`worker-${worker}`),
      incarnation: incarnation('1'),
      endpoint: config.endpoint,
      url: 'http://127.0.0.1:1',
      dialect: 'vllm',
      role: 'prefill',
      model: 'kvasir-mock',
      contextTokensMax: 131_072,
      tokenizerPath: null,
      blockSize: BLOCK_SIZE,
      rankStart: 0,
      rankCount: 1,
      kvBlocksTotal: null,
      batchedTokensMax: null,
      publishesKvEvents: false,
      isDraining: false,
      taints: [],
      loraNames: null,
    },
    LEASE_MS,
  );
}
const router = create(config, {
  registry,
  eventPlane: new InProcessEventPlane({ clock: systemClock }),
  clock: systemClock,
  logger: createLogger({ name: 'bench', level: 'warn' }),
  prng: seededPrng(1),
  routerId: routerId('bench'),
  newRequestId: () => requestId('unused'),
});
await router.start(new AbortController().signal);
// The registry hands its first view over a moment later.
while (!(await fetch(router.metricsUrl().replace('/metrics', '/ready'))).ok) await new Promise(setImmediate);
process.send?.({ port: Number(router.address().split(':').at(-1)) });
process.on('disconnect', () => process.exit(0));
