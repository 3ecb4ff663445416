import { readTlsFiles } from '@kvasir/service';
import type { TlsFiles } from '@kvasir/service';
import { Cluster, Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import { RegistryError } from '../errors.js';

/** How a Redis, its sentinels or its cluster are reached. */
export interface RedisConnectionOptions {
  /** `redis://` or `rediss://` (TLS) URLs, with user, password and database when needed: one server, several nodes of a cluster, or sentinels. */
  readonly urls: readonly string[];
  readonly kind: 'server' | 'cluster' | 'sentinel';
  /** Name of the master that the sentinels watch; only for them. */
  readonly sentinelName?: string | undefined;
  readonly tls?: TlsFiles | undefined;
  /** How long the first connection may take, with all that is asked on the way to it. Default 10 s. */
  readonly startTimeoutMs?: number | undefined;
}

export type RedisClient = Redis | Cluster;

/** A command that has no answer by then has failed; the next one tries anew. */
const COMMAND_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;
const START_TIMEOUT_MS = 10_000;
const RECONNECT_WAIT_MS_MIN = 50;
const RECONNECT_WAIT_MS_MAX = 1_000;

/** Connects, and from then on reconnects for ever. @throws RegistryError when Redis cannot be reached or does not let us in. */
export async function connectRedis(options: RedisConnectionOptions): Promise<RedisClient> {
  const client = createClient(options);
  // Why a connection is refused is told here, and only that it was closed to who waits for it.
  let told: unknown = null;
  client.on('error', (error: unknown) => (told = error));
  const { startTimeoutMs = START_TIMEOUT_MS } = options;
  // Sentinels are asked again and again until one answers.
  const timer = setTimeout(() => {
    told ??= new Error(`it has not answered within ${startTimeoutMs} ms`);
    client.disconnect();
  }, startTimeoutMs);
  try {
    await client.connect();
    await client.ping();
    return client;
  } catch (error) {
    client.disconnect();
    throw connectionError(told ?? error, options.urls);
  } finally {
    clearTimeout(timer);
  }
}

function createClient({ urls, kind, sentinelName, tls }: RedisConnectionOptions): RedisClient {
  const parsed = urls.map(parseUrl);
  const [first] = parsed;
  if (first === undefined) throw badConfiguration('at least one Redis URL must be given');
  const common: RedisOptions = {
    ...first.login,
    ...(first.isTls || tls !== undefined ? { tls: tlsOptions(tls ?? {}) } : {}),
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    // A command that cannot be sent fails at once: nothing queues up while Redis is away.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(RECONNECT_WAIT_MS_MIN * 2 ** attempt, RECONNECT_WAIT_MS_MAX),
  };
  switch (kind) {
    case 'cluster':
      return new Cluster(
        parsed.map(({ host, port }) => ({ host, port })),
        { redisOptions: common, lazyConnect: true, enableOfflineQueue: false },
      );
    case 'sentinel':
      if (sentinelName === undefined) throw badConfiguration('sentinels need the name of their master');
      return new Redis({
        ...common,
        name: sentinelName,
        sentinels: parsed.map(({ host, port }) => ({ host, port })),
      });
    case 'server':
      return new Redis({ ...common, host: first.host, port: first.port });
  }
}

const DEFAULT_PORT = 6_379;

function parseUrl(url: string) {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw badConfiguration(`"${withoutCredentials(url)}" is no URL`);
  }
  if (parsed.protocol !== 'redis:' && parsed.protocol !== 'rediss:')
    throw badConfiguration(
      `a Redis URL begins with redis:// or rediss://, received "${withoutCredentials(url)}"`,
    );
  const db = parsed.pathname.replace('/', '');
  if (!/^\d*$/.test(db))
    throw badConfiguration(`the database of a Redis URL must be a number, received "${db}"`);
  return {
    host: parsed.hostname === '' ? '127.0.0.1' : parsed.hostname,
    port: parsed.port === '' ? DEFAULT_PORT : Number(parsed.port),
    isTls: parsed.protocol === 'rediss:',
    login: {
      ...(parsed.username === '' ? {} : { username: decodeURIComponent(parsed.username) }),
      ...(parsed.password === '' ? {} : { password: decodeURIComponent(parsed.password) }),
      ...(db === '' ? {} : { db: Number(db) }),
    },
  };
}

function tlsOptions(files: TlsFiles) {
  try {
    return readTlsFiles(files);
  } catch (error) {
    throw badConfiguration(error instanceof Error ? error.message : String(error));
  }
}

function connectionError(error: unknown, urls: readonly string[]): RegistryError {
  if (error instanceof RegistryError) return error;
  const where = urls.map(withoutCredentials).join(', ');
  const reason = error instanceof Error ? error.message : String(error);
  if (/WRONGPASS|NOAUTH|NOPERM/.test(reason))
    return new RegistryError(
      'REGISTRY_UNAUTHORIZED',
      `Cannot connect to Redis at ${where}: it refuses the credentials`,
      error,
    );
  const shown = /ECONNREFUSED|Connection is closed/.test(reason) ? 'nobody listens there' : reason;
  return new RegistryError('REGISTRY_UNREACHABLE', `Cannot connect to Redis at ${where}: ${shown}`, error);
}

function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//');
}

function badConfiguration(what: string): RegistryError {
  return new RegistryError('REGISTRY_BAD_CONFIGURATION', `Cannot connect to Redis: ${what}`);
}
