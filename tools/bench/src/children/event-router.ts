/** One router that follows simulated agents over NATS. Answers each message of its parent with CPU time, blocks held and how far it lags behind. */
import { connectNatsEventPlane, KvEventSubscriber } from '@kvasir/event-plane';
import { RadixIndex } from '@kvasir/radix-index';
import { systemClock } from '@kvasir/service';
import { incarnation, seededPrng, workerId } from '@kvasir/units';

const [url = '', agents = '200'] = process.argv.slice(2);
const plane = await connectNatsEventPlane({ urls: [url], name: 'bench', clock: systemClock });
const index = new RadixIndex({ blockCountMax: 33_554_432 });
const targets = new Map(Array.from({ length: Number(agents) }, (_, target) => [`agent-${target}`, target]));
let events = 0;
const subscriber = new KvEventSubscriber({
  plane,
  clock: systemClock,
  prng: seededPrng(2),
  endpoint: { namespace: 'kvasir', component: 'bench', endpoint: 'generate' },
  sink: {
    batch(batch) {
      const target = targets.get(batch.workerId) ?? 0;
      for (const event of batch.events) {
        events += 1;
        if (event.kind === 'stored') index.applyStored(target, event.parent, event.hashes);
        else if (event.kind === 'removed') index.applyRemoved(target, event.hashes);
        else index.removeTarget(target);
      }
      return 'applied';
    },
    reset: ({ workerId: id }) => void index.removeTarget(targets.get(id) ?? 0),
    snapshotChain: ({ workerId: id }, { parent, hashes }) =>
      void index.applyStored(targets.get(id) ?? 0, parent, hashes),
    digest: ({ workerId: id }) => index.digest(targets.get(id) ?? 0),
  },
});
await subscriber.start();
for (const name of targets.keys())
  subscriber.follow({ workerId: workerId(name), incarnation: incarnation('1'), rankStart: 0, rankCount: 1 });

/** Longest time that a timer of 1 ms was late: what waits in this process. */
let worstLagMs = 0;
let dueMs = performance.now() + 1;
setInterval(() => {
  worstLagMs = Math.max(worstLagMs, performance.now() - dueMs);
  dueMs = performance.now() + 1;
}, 1);

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  const { gaps, digestMismatches } = subscriber.counts();
  process.send?.({
    cpuUs: user + system,
    events,
    blocks: index.blockCount,
    worstLagMs,
    gaps,
    digestMismatches,
  });
  worstLagMs = 0;
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port: 0 });
