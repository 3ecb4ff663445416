import { readFileSync } from 'node:fs';
import { readTlsFiles } from '@kvasir/service';
import type { TlsFiles } from '@kvasir/service';
import { connect, credsAuthenticator, ErrorCode, NatsError } from 'nats';
import type { ConnectionOptions, NatsConnection } from 'nats';
import { EventPlaneError } from './errors.js';

/** How a NATS cluster is reached. */
export interface NatsOptions {
  /** `nats://host:port` or `tls://host:port`, any of the cluster; credentials in a URL are taken too. */
  readonly urls: readonly string[];
  /** Shown in the server's list of connections. */
  readonly name: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** A `.creds` file. */
  readonly credentialsPath?: string | undefined;
  readonly tls?: TlsFiles | undefined;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** Between attempts to come back, for ever; every process adds as much again at random at most, so that they do not come all at once. */
const RECONNECT_WAIT_MS = 250;
/** A silent server is taken for lost after two of these. */
const PING_INTERVAL_MS = 5_000;

/** Connects, and from then on reconnects for ever. @throws EventPlaneError when no server can be reached or none lets us in. */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  try {
    return await connect(connectionOptions(options));
  } catch (error) {
    if (error instanceof EventPlaneError) throw error;
    const where = options.urls.map(withoutCredentials).join(', ');
    if (error instanceof NatsError && UNAUTHORIZED.has(error.code))
      throw new EventPlaneError(
        'EVENT_PLANE_UNAUTHORIZED',
        `Cannot connect to NATS at ${where}: the server refuses the credentials`,
        error,
      );
    throw new EventPlaneError(
      'EVENT_PLANE_UNREACHABLE',
      `Cannot connect to NATS at ${where}: ${reasonOf(error)}`,
      error,
    );
  }
}

const UNAUTHORIZED: ReadonlySet<string> = new Set([
  ErrorCode.AuthorizationViolation,
  ErrorCode.AuthenticationExpired,
  ErrorCode.BadAuthentication,
  ErrorCode.BadCreds,
]);

function connectionOptions(options: NatsOptions): ConnectionOptions {
  const { urls, name, user, password, token, credentialsPath, tls } = options;
  const [inUrl] = urls.map(credentialsOf).filter((found) => found !== null);
  const login = user === undefined ? inUrl : { user, pass: password ?? '' };
  return {
    servers: urls.map(withoutCredentials),
    name,
    ...login,
    ...(token === undefined ? {} : { token }),
    ...(credentialsPath === undefined
      ? {}
      : { authenticator: credsAuthenticator(fromFile(() => readFileSync(credentialsPath))) }),
    ...(tls === undefined ? {} : { tls: fromFile(() => readTlsFiles(tls)) }),
    timeout: CONNECT_TIMEOUT_MS,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: RECONNECT_WAIT_MS,
    reconnectJitterTLS: RECONNECT_WAIT_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: 2,
    // Credentials that are refused for a while, e.g. because they are being changed, are tried again for ever.
    ignoreAuthErrorAbort: true,
  };
}

/** @throws EventPlaneError for a file that cannot be read. */
function fromFile<Content>(read: () => Content): Content {
  try {
    return read();
  } catch (error) {
    throw new EventPlaneError(
      'EVENT_PLANE_BAD_CONFIGURATION',
      `Cannot connect to NATS: ${reasonOf(error)}`,
      error,
    );
  }
}

const WITH_CREDENTIALS = /^([a-z]+:\/\/)?([^/@]+)@(.*)$/;

function withoutCredentials(url: string): string {
  const [, scheme = '', , rest] = WITH_CREDENTIALS.exec(url) ?? [];
  return rest === undefined ? url : `${scheme}${rest}`;
}

function credentialsOf(url: string): { user: string; pass: string } | { token: string } | null {
  const [, , credentials] = WITH_CREDENTIALS.exec(url) ?? [];
  if (credentials === undefined) return null;
  const [user = '', pass] = credentials.split(':').map(decodeURIComponent);
  return pass === undefined ? { token: user } : { user, pass };
}

const REASONS: ReadonlyMap<string, string> = new Map<string, string>([
  [ErrorCode.ConnectionRefused, 'nobody listens there'],
  [ErrorCode.Timeout, `no answer within ${CONNECT_TIMEOUT_MS} ms`],
]);

function reasonOf(error: unknown): string {
  const known = error instanceof NatsError ? REASONS.get(error.code) : undefined;
  return known ?? (error instanceof Error ? error.message : String(error));
}
