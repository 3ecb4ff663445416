import type { WorkerRecord } from '@kvasir/contract';
import { connectNatsEventPlane } from '@kvasir/event-plane';
import type { NatsEventPlane, NatsOptions } from '@kvasir/event-plane';
import { connectRedisRegistry, FileRegistry } from '@kvasir/registry';
import type { RedisConnectionOptions, Registry } from '@kvasir/registry';
import type { Clock, Logger } from '@kvasir/service';
import { PlaneWatch } from './plane-watch.js';
import type { PlaneValues } from './plane-options.js';

/** What the processes of a deployment share. */
export interface Planes {
  readonly eventPlane: NatsEventPlane;
  readonly registry: Registry;
  /** Releases every lease and ends both connections. Idempotent. */
  close(): Promise<void>;
}

export interface PlaneContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly name: string;
  /** Asks engines by themselves before they are given up; absent gives them up when their lease lapses. */
  readonly lapsed?:
    | {
        /** True keeps them without asking. */
        readonly stillAnswers: (worker: WorkerRecord) => Promise<boolean> | true;
        readonly lapsedKeepMs: number;
      }
    | undefined;
}

/**
 * Connects to NATS and Redis. @param name shown in their lists of clients.
 * @throws EventPlaneError, RegistryError when one cannot be reached or refuses: nothing is left open then.
 */
export async function openPlanes(values: PlaneValues, context: PlaneContext): Promise<Planes> {
  const { clock, logger, name } = context;
  const eventPlane = await connectNatsEventPlane({
    ...natsOptions(values),
    name,
    clock,
    onTrouble: (trouble) => logger.warn({ trouble }, 'event plane'),
  });
  try {
    const registry = await openRegistry(values, eventPlane, context);
    const watch = new PlaneWatch({ eventPlane, registry, clock, logger });
    return {
      eventPlane,
      registry,
      async close() {
        watch.close();
        await registry.close();
        await eventPlane.close();
      },
    };
  } catch (error) {
    await eventPlane.close();
    throw error;
  }
}

async function openRegistry(
  values: PlaneValues,
  eventPlane: NatsEventPlane,
  { clock, logger, lapsed }: Pick<PlaneContext, 'clock' | 'logger' | 'lapsed'>,
): Promise<Registry> {
  if (values.workersFile !== null)
    return await FileRegistry.open(values.workersFile, {
      clock,
      onProblems: (problems) =>
        logger.error({ problems }, 'the workers file is wrong; the last good one counts'),
    });
  return await connectRedisRegistry(redisOptions(values), {
    clock,
    notices: {
      // A notice that is lost is made up for by the next reading.
      publish: (subject, payload) => {
        if (eventPlane.health().kind === 'connected') eventPlane.publish(subject, payload);
      },
      subscribe: (pattern, deliver) => eventPlane.subscribe(pattern, deliver),
    },
    stillAnswers: lapsed?.stillAnswers,
    onKept: ({ workerId, holder }) =>
      logger.warn(
        { workerId, holder },
        'the lease of a worker has lapsed, but its engine answers: it is kept',
      ),
    ...(lapsed === undefined ? {} : { limits: { lapsedKeepMs: lapsed.lapsedKeepMs } }),
    onWatchFailed: (error) => logger.error({ err: error }, 'a registry watcher failed'),
  });
}

function natsOptions(values: PlaneValues): Omit<NatsOptions, 'name'> {
  const { natsCaFile, natsCertFile, natsKeyFile } = values;
  const hasTls = natsCaFile !== null || natsCertFile !== null || natsKeyFile !== null;
  return {
    urls: values.natsUrl,
    user: values.natsUser ?? undefined,
    password: values.natsPassword ?? undefined,
    token: values.natsToken ?? undefined,
    credentialsPath: values.natsCredentialsFile ?? undefined,
    tls: hasTls ? paths(natsCaFile, natsCertFile, natsKeyFile) : undefined,
  };
}

/** How Redis is reached. */
export function redisOptions(values: PlaneValues): RedisConnectionOptions {
  const { redisCaFile, redisCertFile, redisKeyFile } = values;
  const hasTls = redisCaFile !== null || redisCertFile !== null || redisKeyFile !== null;
  return {
    urls: values.redisUrl,
    kind: values.redisKind,
    sentinelName: values.redisSentinelName ?? undefined,
    tls: hasTls ? paths(redisCaFile, redisCertFile, redisKeyFile) : undefined,
  };
}

function paths(ca: string | null, cert: string | null, key: string | null) {
  return { caPath: ca ?? undefined, certPath: cert ?? undefined, keyPath: key ?? undefined };
}
