import type { WorkerRecord } from '@kvasir/contract';
import { connectNatsEventPlane, SealedEventPlane } from '@kvasir/event-plane';
import type { EventPlane, LoggedEventPlane, NatsOptions } from '@kvasir/event-plane';
import { connectRedisRegistry, FileRegistry } from '@kvasir/registry';
import type { RecordTrust, RedisConnectionOptions, Registry } from '@kvasir/registry';
import { ServiceError } from '@kvasir/service';
import { planeFindings } from '@kvasir/self-check';
import type { Finding } from '@kvasir/self-check';
import type { Clock, Logger, Metrics } from '@kvasir/service';
import { AllowedWorkers } from './allowed-workers.js';
import { PlaneRefusals } from './plane-refusals.js';
import { PlaneSecret } from './plane-secret.js';
import { readWorkerUrls } from './worker-urls.js';
import type { WorkerUrls } from './worker-urls.js';
import { PlaneWatch } from './plane-watch.js';
import type { PlaneValues } from './plane-options.js';

/** What the processes of a deployment share. */
export interface Planes {
  readonly eventPlane: LoggedEventPlane;
  /** Without workers whose URL is not allowed. */
  readonly registry: Registry;
  /** Whose records are believed. */
  readonly trust: RecordTrust;
  /** Every record that is believed was sealed with the secret, or stands in a file: what is a client's may be given to its worker. */
  readonly trustsWorkers: boolean;
  /** Whether a worker's URL may be asked, also one that a router has named. */
  readonly allowsWorkerUrl: (url: string) => boolean;
  /** Of what was not believed. */
  readonly otherMetrics: readonly Metrics[];
  /** What is wrong with them now. */
  readonly otherFindings: () => readonly Finding[];
  /** Releases every lease and ends both connections. Idempotent. */
  close(): Promise<void>;
}

/** Asks engines by themselves before they are given up. */
export interface LapsedWorkers {
  /** True keeps them without asking. */
  readonly stillAnswers: (worker: WorkerRecord) => Promise<boolean> | true;
  readonly lapsedKeepMs: number;
}

export interface PlaneContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly name: string;
  /** Absent gives engines up when their lease lapses. */
  readonly lapsed?: LapsedWorkers | undefined;
}

/**
 * Connects to NATS and Redis. @param name shown in their lists of clients.
 * @throws EventPlaneError, RegistryError when one cannot be reached or refuses, ServiceError for a secret or rule that cannot be used: nothing is
 * left open then.
 */
export async function openPlanes(values: PlaneValues, context: PlaneContext): Promise<Planes> {
  const urls = workerUrlsOf(values);
  const secret = values.planeSecretFile === null ? null : new PlaneSecret(values.planeSecretFile, context);
  try {
    return await connectPlanes(values, context, { urls, secret });
  } catch (error) {
    secret?.close();
    throw error;
  }
}

async function connectPlanes(
  values: PlaneValues,
  { clock, logger, name, lapsed }: PlaneContext,
  { urls, secret }: { readonly urls: WorkerUrls; readonly secret: PlaneSecret | null },
): Promise<Planes> {
  const believesUnsealed = values.planeSecretMode === 'prefer';
  const trust: RecordTrust = { seal: secret?.seal ?? null, believesUnsealed };
  const refusals = new PlaneRefusals({ clock, logger });
  const nats = await connectNatsEventPlane({
    ...natsOptions(values),
    name,
    clock,
    onTrouble: (trouble) => logger.warn({ trouble }, 'event plane'),
  });
  const eventPlane = new SealedEventPlane(nats, {
    ...trust,
    epochMs: Date.now,
    onRefused: (subject, fault) => refusals.message(subject, fault),
  });
  try {
    const opened = await openRegistry(
      values,
      { eventPlane, trust, refusals },
      { clock, logger, lapsed: lapsed === undefined ? undefined : onlyAllowed(lapsed, urls) },
    );
    const registry = new AllowedWorkers(opened, urls, (workerId, url) => refusals.worker(workerId, url));
    const watch = new PlaneWatch({ eventPlane, registry, clock, logger });
    if (secret === null) logger.warn(NO_SECRET);
    return {
      ...{ eventPlane, registry, trust },
      trustsWorkers: values.workersFile !== null || (secret !== null && !believesUnsealed),
      allowsWorkerUrl: (url) => urls.allows(url),
      otherMetrics: [refusals.metrics],
      otherFindings: () =>
        planeFindings({
          hasSecret: secret !== null,
          lost: lostPlanes({ eventPlane, registry }),
          // While a secret is being introduced what carries no seal is believed.
          refusedMessages: refusals
            .recentMessages()
            .filter(({ fault }) => fault !== 'missing' || !believesUnsealed),
          refusedWorkers: registry.refusedWorkers(),
        }),
      async close() {
        watch.close();
        secret?.close();
        await registry.close();
        await eventPlane.close();
      },
    };
  } catch (error) {
    await eventPlane.close();
    throw error;
  }
}

function lostPlanes({
  eventPlane,
  registry,
}: Pick<Planes, 'eventPlane' | 'registry'>): ReadonlyMap<string, string> {
  const lost = new Map<string, string>();
  const [events, records] = [eventPlane.health(), registry.health()];
  if (events.kind !== 'connected') lost.set('event plane (NATS)', events.reason);
  if (records.kind !== 'connected') lost.set('registry (Redis)', records.reason);
  return lost;
}

const NO_SECRET =
  'no --plane-secret-file: whoever reaches NATS or Redis is believed, and clients’ Authorization is not passed on to workers';

function workerUrlsOf({ workerUrlAllow }: PlaneValues): WorkerUrls {
  const reading = readWorkerUrls(workerUrlAllow);
  if (reading.kind === 'ok') return reading.urls;
  throw new ServiceError('SERVICE_BAD_CONFIGURATION', reading.problems.join('\n'));
}

/** Nobody is asked where nobody may be asked. */
function onlyAllowed({ stillAnswers, lapsedKeepMs }: LapsedWorkers, urls: WorkerUrls): LapsedWorkers {
  return {
    stillAnswers: (worker) => (urls.allows(worker.url) ? stillAnswers(worker) : Promise.resolve(false)),
    lapsedKeepMs,
  };
}

async function openRegistry(
  values: PlaneValues,
  parts: { readonly eventPlane: EventPlane; readonly trust: RecordTrust; readonly refusals: PlaneRefusals },
  { clock, logger, lapsed }: Pick<PlaneContext, 'clock' | 'logger' | 'lapsed'>,
): Promise<Registry> {
  if (values.workersFile !== null)
    return await FileRegistry.open(values.workersFile, {
      clock,
      onProblems: (problems) =>
        logger.error({ problems }, 'the workers file is wrong; the last good one counts'),
    });
  const { eventPlane, trust, refusals } = parts;
  return await connectRedisRegistry(redisOptions(values), {
    clock,
    trust,
    onBadRecord: (bad) => refusals.record(bad),
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
