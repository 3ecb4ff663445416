import type { OptionSpecs, OptionValues } from '@kvasir/service';

const NATS = 'Event plane (NATS)';
const REDIS = 'Registry (Redis)';

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
} as const satisfies OptionSpecs;

export type PlaneValues = OptionValues<typeof planeOptions>;
