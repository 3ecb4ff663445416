import type { EndpointName, WorkerRecord } from '@kvasir/contract';
import { ENGINE_WATCH_SETTINGS, EngineFleet, EnginesFileWatch, readEnginesFile } from '@kvasir/engine-watch';
import { InProcessEventPlane } from '@kvasir/event-plane';
import type { EventPlane } from '@kvasir/event-plane';
import { InProcessRegistry } from '@kvasir/registry';
import type { Registry } from '@kvasir/registry';
import type { Finding } from '@kvasir/self-check';
import { createMetrics, processMetrics, ServiceError } from '@kvasir/service';
import type { Metrics } from '@kvasir/service';
import { EngineAsker } from './engine-asker.js';
import { EngineKeys } from './engine-keys.js';
import { durableOpener } from './open-durable.js';
import type { Durable } from './open-durable.js';
import { openPlanes } from './open-planes.js';
import type { PlaneContext } from './open-planes.js';
import type { PlaneValues, RouterStateValues } from './plane-options.js';

/** What a program with a router in it stands on. */
export interface RouterPlanes {
  readonly eventPlane: EventPlane;
  readonly registry: Registry;
  /** Undefined when events are not to be kept. */
  readonly openDurable: ((endpoint: EndpointName) => Promise<Durable>) | undefined;
  /** The header `authorization` that the engine at a base URL needs; null for one that needs none. */
  readonly authorizationOf: (url: string) => string | null;
  /** Every record that is believed was sealed with the secret, stands in a file, or is of this process. */
  readonly trustsWorkers: boolean;
  /** Whether a worker's URL may be asked, also one that a router has named. */
  readonly allowsWorkerUrl: (url: string) => boolean;
  /** Of whatever is looked after besides. */
  readonly otherMetrics: readonly Metrics[];
  /** What is wrong with whatever is looked after besides. */
  readonly otherFindings: () => readonly Finding[];
  close(): Promise<void>;
}

/**
 * Connects to NATS and Redis; with `--kv-events-direct` it needs neither, and looks after the engines of the file itself.
 * @throws EventPlaneError, RegistryError, ServiceError `SERVICE_BAD_CONFIGURATION` with every problem of the file.
 */
export async function openRouterPlanes(
  values: PlaneValues & RouterStateValues,
  context: PlaneContext & { readonly prng: () => number; readonly epochMs: () => number },
): Promise<RouterPlanes> {
  if (values.kvEventsDirect !== null) return await openDirectPlanes(values.kvEventsDirect, context);
  const keys = new EngineKeys(values, context.clock);
  const asker = new EngineAsker((worker) => keys.keyOf(worker));
  const { lapsedKeepMs } = values;
  const stillAnswers = (worker: WorkerRecord): Promise<boolean> => asker.answers(worker);
  const planes = await openPlanes(values, { ...context, lapsed: { stillAnswers, lapsedKeepMs } });
  return {
    ...planes,
    registry: keys.noting(planes.registry),
    authorizationOf: (url) => keys.authorizationOf(url),
    async close() {
      await planes.close();
      await asker.close();
    },
    openDurable: durableOpener(planes, values),
    otherMetrics: [...planes.otherMetrics, processMetrics(context.name)],
  };
}

async function openDirectPlanes(
  enginesFile: string,
  context: PlaneContext & { readonly prng: () => number; readonly epochMs: () => number },
): Promise<RouterPlanes> {
  const reading = readEnginesFile(enginesFile);
  if (reading.kind === 'invalid')
    throw new ServiceError('SERVICE_BAD_CONFIGURATION', reading.problems.join('\n'));
  const { clock } = context;
  const [eventPlane, registry] = [new InProcessEventPlane({ clock }), new InProcessRegistry({ clock })];
  const metrics = createMetrics('engine_watch');
  // Nobody else knows of them, so there is nobody to hand them over to.
  const settings = { ...ENGINE_WATCH_SETTINGS, handoverMs: 0 };
  const fleet = new EngineFleet(reading.engines, settings, {
    ...context,
    ...{ eventPlane, registry, metrics },
  });
  await fleet.start();
  const file = new EnginesFileWatch(enginesFile, { ...context, apply: (engines) => fleet.apply(engines) });
  const reload = (): void => void file.reload();
  process.on('SIGHUP', reload);
  return {
    ...{
      eventPlane,
      registry,
      openDurable: undefined,
      authorizationOf: (url: string) => fleet.authorizationOf(url),
      trustsWorkers: true,
      allowsWorkerUrl: () => true,
      otherMetrics: [metrics, processMetrics(context.name)],
      otherFindings: () => fleet.findings(),
    },
    async close() {
      process.off('SIGHUP', reload);
      file.close();
      await fleet.close();
      await registry.close();
      await eventPlane.close();
    },
  };
}
