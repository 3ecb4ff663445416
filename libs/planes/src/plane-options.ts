import type { OptionSpecs, OptionValues } from '@kvasir/service';

const NATS = 'Event plane (NATS)';
const REDIS = 'Registry (Redis)';
const TRUST = 'Whom to believe';

/** What every program that runs as a process of its own is told of NATS and Redis; to be spread into its option table. */
export const planeOptions = {
  natsUrl: {
    kind: 'strings',
    default: ['nats://127.0.0.1:4222'],
    doc: 'Servers of the NATS cluster, nats:// or tls://, any of them.',
    group: NATS,
  },
  natsUser: { kind: 'string', default: null, doc: 'User, with a password.', group: NATS },
  natsPassword: { kind: 'string', default: null, doc: 'Password; better given as a variable.', group: NATS },
  natsToken: { kind: 'string', default: null, doc: 'Token, in the place of a user.', group: NATS },
  natsCredentialsFile: { kind: 'string', default: null, doc: 'A .creds file.', group: NATS },
  natsCaFile: {
    kind: 'string',
    default: null,
    doc: 'Certificate authority of the servers (PEM).',
    group: NATS,
  },
  natsCertFile: { kind: 'string', default: null, doc: 'Certificate of this client (PEM).', group: NATS },
  natsKeyFile: { kind: 'string', default: null, doc: 'Key of that certificate (PEM).', group: NATS },
  workersFile: {
    kind: 'string',
    default: null,
    doc: 'YAML file of workers and routers in the place of Redis; read again when it changes.',
    group: REDIS,
  },
  redisUrl: {
    kind: 'strings',
    default: ['redis://127.0.0.1:6379'],
    doc: 'redis:// or rediss:// (TLS) with user, password and database when needed: a server, nodes of a cluster, or sentinels.',
    group: REDIS,
  },
  redisKind: {
    kind: 'choice',
    choices: ['server', 'cluster', 'sentinel'],
    default: 'server',
    doc: 'What the URLs are of.',
    group: REDIS,
  },
  redisSentinelName: {
    kind: 'string',
    default: null,
    doc: 'Name of the master that the sentinels watch.',
    group: REDIS,
  },
  redisCaFile: {
    kind: 'string',
    default: null,
    doc: 'Certificate authority of the servers (PEM).',
    group: REDIS,
  },
  redisCertFile: { kind: 'string', default: null, doc: 'Certificate of this client (PEM).', group: REDIS },
  redisKeyFile: { kind: 'string', default: null, doc: 'Key of that certificate (PEM).', group: REDIS },
  planeSecretFile: {
    kind: 'string',
    default: null,
    doc: 'File with one key a line (at least 32 characters), one or two: messages of the planes and records are sealed with the first, and believed with either. Read again when it changes.',
    group: TRUST,
  },
  planeSecretMode: {
    kind: 'choice',
    choices: ['require', 'prefer'],
    default: 'require',
    doc: 'Whether what carries no seal is refused, or believed and counted: for the time in which a secret is being introduced.',
    group: TRUST,
  },
  workerUrlAllow: {
    kind: 'strings',
    default: [],
    doc: 'Hosts that workers may be at, as addresses, networks or names (10.0.0.0/8, [fd00::]/8, *.gpu.example), each with :port or :port-port when needed. Others are refused; without any, all are allowed.',
    group: TRUST,
  },
} as const satisfies OptionSpecs;

export type PlaneValues = OptionValues<typeof planeOptions>;

const STATE = 'State of a router';

/** What every program with a router in it is told of sharing and keeping its state; to be spread into its option table beside `planeOptions`. */
export const routerStateOptions = {
  routerReplicaSync: {
    kind: 'boolean',
    default: false,
    doc: 'Share bookings with the other routers of the same pool, so that each knows the load that the others put on it.',
    group: STATE,
  },
  durableKvEvents: {
    kind: 'boolean',
    default: false,
    doc: 'Keep KV events in a JetStream stream and the index as a snapshot in Redis: a restarted router is warm without asking the agents.',
    group: STATE,
  },
  routerSnapshotThreshold: {
    kind: 'integer',
    default: 1_000_000,
    min: 1,
    unit: 'messages',
    doc: 'Messages in the stream at which a router makes a snapshot and trims the stream.',
    group: STATE,
  },
  routerResetStates: {
    kind: 'boolean',
    default: false,
    doc: 'Begin without the snapshot and the stream, and forget both.',
    group: STATE,
  },
  engineApiKeyFile: {
    kind: 'string',
    default: null,
    doc: 'File whose first line is the key for engines whose record says that they need one; read again when it changes. It takes the place of what clients send.',
    group: 'Engines',
  },
  engineApiKeyEnv: {
    kind: 'string',
    default: null,
    doc: 'Name of a variable with that key, in the place of a file.',
    group: 'Engines',
  },
  lapsedKeepMs: {
    kind: 'integer',
    default: 60_000,
    min: 0,
    max: 60_000,
    unit: 'ms',
    doc: 'How long a worker whose lease has lapsed is kept while its engine answers by itself: its agent may stand still. 0 gives it up at once.',
    group: 'Engines',
  },
  kvEventsDirect: {
    kind: 'string',
    default: null,
    doc: "YAML file of engines, as the engine agent's --engines-file: they are looked after in this process, without agent, NATS and Redis.",
    group: STATE,
  },
} as const satisfies OptionSpecs;

export type RouterStateValues = OptionValues<typeof routerStateOptions>;

/** What is wrong with plane and state options together. */
export function checkRouterState({
  durableKvEvents,
  kvEventsDirect,
  routerReplicaSync,
  routerResetStates,
  workersFile,
}: RouterStateValues & Pick<PlaneValues, 'workersFile'>): string[] {
  const problems: string[] = [];
  if (durableKvEvents && workersFile !== null)
    problems.push('--durable-kv-events keeps snapshots in Redis and cannot be given with --workers-file');
  if (routerResetStates && !durableKvEvents)
    problems.push('--router-reset-states has nothing to reset without --durable-kv-events');
  if (kvEventsDirect === null) return problems;
  if (durableKvEvents)
    problems.push('--durable-kv-events needs NATS and cannot be given with --kv-events-direct');
  if (routerReplicaSync)
    problems.push('--router-replica-sync needs NATS and cannot be given with --kv-events-direct');
  if (workersFile !== null) problems.push('Give either --workers-file or --kv-events-direct');
  return problems;
}
