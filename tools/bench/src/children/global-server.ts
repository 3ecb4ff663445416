/**
 * A global router in a process of its own, over pools whose routers are at the ports that the arguments name after the policy (`grid` or `probe`). Says its
 * port to its parent.
 */
import { InProcessEventPlane } from '@kvasir/event-plane';
import { create } from '@kvasir/global-router';
import { readPoolSettings } from '@kvasir/pool-policy';
import { InProcessRegistry } from '@kvasir/registry';
import { createLogger, systemClock } from '@kvasir/service';
import { routerId } from '@kvasir/units';

/** Longer than any run. */
const LEASE_MS = 3_600_000;

const [policy = 'grid', ...ports] = process.argv.slice(2);
const pools = ports.map((port, index) => ({
  port,
  name: `pool-${index}`,
  endpoint: { namespace: `pool-${index}`, component: 'prefill', endpoint: 'generate' },
}));
const reading = readPoolSettings({
  pools: pools.map(({ name }) => ({ name, role: 'prefill', endpoint: `${name}.prefill.generate` })),
  policies: [policy],
  probe: { deadlineMs: 1_000 },
  grids: {
    prefill: {
      inputTokens: { min: 0, max: 32_000, resolution: 1 },
      ttftMs: { min: 0, max: 3_000, resolution: 1 },
      cells: [['pool-0']],
    },
  },
});
if (reading.kind === 'invalid') throw new TypeError(`Cannot measure: ${reading.problems.join('; ')}`);
const registry = new InProcessRegistry({ clock: systemClock });
for (const { port, name, endpoint } of pools)
  await registry.registerRouter(
    { routerId: routerId(name), endpoint, address: `127.0.0.1:${port}`, pools: [], isDraining: false },
    LEASE_MS,
  );
const router = create(
  {
    settings:
      policy === 'probe'
        ? { ...reading.settings, grids: { prefill: null, decode: null, aggregated: null } }
        : reading.settings,
    settingsPath: null,
    warnings: [],
    targets: { ttftMs: null, itlMs: null },
    namespace: 'kvasir',
    poolTimeoutMs: 5_000,
    grpc: { host: '127.0.0.1', port: 0, advertisedHost: null },
    admin: { host: '127.0.0.1', port: 0 },
  },
  {
    registry,
    eventPlane: new InProcessEventPlane({ clock: systemClock }),
    clock: systemClock,
    epochMs: Date.now,
    logger: createLogger({ name: 'bench', level: 'warn' }),
    prng: Math.random,
    routerId: routerId('bench'),
  },
);
await router.start(new AbortController().signal);
// The registry hands its first views over a moment later.
while (!(await fetch(`${router.adminUrl()}/ready`)).ok) await new Promise(setImmediate);
process.send?.({ port: Number(router.address('prefill').split(':').at(-1)) });
process.on('disconnect', () => process.exit(0));
