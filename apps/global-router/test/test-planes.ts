import { InProcessEventPlane } from '@kvasir/event-plane';
import type { EventPlane } from '@kvasir/event-plane';
import { openPlanes, planeOptions } from '@kvasir/planes';
import { InProcessRegistry } from '@kvasir/registry';
import type { Registry } from '@kvasir/registry';
import { createLogger, defineOptions, readOptions, systemClock } from '@kvasir/service';
import { startNatsServer, startRedisServer } from '@kvasir/testkit';

/** What the programs of one deployment meet on. */
export interface TestPlanes {
  /** As one program sees it; ended by `close`. */
  connect(): Promise<{ readonly registry: Registry; readonly eventPlane: EventPlane }>;
  close(): Promise<void>;
}

/** Both forms of a deployment. */
export const deployments: readonly (readonly [name: string, open: () => Promise<TestPlanes>])[] = [
  ['embedded', (): Promise<TestPlanes> => Promise.resolve(embedded())],
  ['distributed', distributed],
];

function embedded(): TestPlanes {
  const registry = new InProcessRegistry({ clock: systemClock });
  const eventPlane = new InProcessEventPlane({ clock: systemClock });
  return {
    connect: () => Promise.resolve({ registry, eventPlane }),
    async close() {
      await registry.close();
      await eventPlane.close();
    },
  };
}

/** NATS and Redis of its own; every program has its own connections. */
async function distributed(): Promise<TestPlanes> {
  const [nats, redis] = [await startNatsServer(), await startRedisServer()];
  const argv = [
    ...['--nats-url', `nats://127.0.0.1:${nats.port}`],
    ...['--redis-url', `redis://127.0.0.1:${redis.port}`],
  ];
  const options = defineOptions({ program: 'test', summary: 'A test.', options: planeOptions });
  const reading = readOptions(options, { argv, env: {} });
  if (reading.kind !== 'ok') throw new TypeError('Cannot test: the options are wrong');
  const context = { clock: systemClock, logger: createLogger({ name: 'test', level: 'silent' }) };
  const opened: { close(): Promise<void> }[] = [];
  return {
    async connect() {
      const planes = await openPlanes(reading.values, { ...context, name: `program-${opened.length}` });
      opened.push(planes);
      return planes;
    },
    async close() {
      for (const planes of opened) await planes.close();
      await nats.stop();
      await redis.stop();
    },
  };
}
