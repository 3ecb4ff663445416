/** What is done to a process. */
export const faultKinds = ['term', 'restart', 'kill', 'still10', 'still45'] as const;
export type FaultKind = (typeof faultKinds)[number];

export const faultMeanings: Readonly<Record<FaultKind, string>> = {
  term: 'SIGTERM; started anew once it has ended',
  restart: 'SIGKILL, started anew at once',
  kill: 'SIGKILL, started anew after 10 s',
  still10: 'SIGSTOP for 10 s',
  still45: 'SIGSTOP for 45 s',
};

/** Whom it is done to: one of a kind, or both. */
export const subjects = [
  'frontend',
  'router',
  'agent',
  'prefill',
  'decode',
  'nats',
  'redis',
  'both frontends',
  'both routers',
  'both agents',
  'both prefill',
  'both decode',
  'nats and redis',
] as const;
export type Subject = (typeof subjects)[number];

/** Names of the stack's processes. */
export const processesOf: Readonly<Record<Subject, readonly string[]>> = {
  frontend: ['frontend-1'],
  router: ['prefill-router-1'],
  agent: ['engine-agent-1'],
  prefill: ['prefill-1'],
  decode: ['decode-1'],
  nats: ['nats'],
  redis: ['redis'],
  'both frontends': ['frontend-1', 'frontend-2'],
  'both routers': ['prefill-router-1', 'prefill-router-2'],
  'both agents': ['engine-agent-1', 'engine-agent-2'],
  'both prefill': ['prefill-1', 'prefill-2'],
  'both decode': ['decode-1', 'decode-2'],
  'nats and redis': ['nats', 'redis'],
};

/**
 * What a fault may cost: nothing; the answers that were under way at the processes it is done to; those and whatever comes while nobody of the kind
 * is left. Wrong, truncated and hung answers are never allowed.
 */
export type Allowance = 'nothing' | 'underWay' | 'outage';

export interface Cell {
  readonly subject: Subject;
  readonly kind: FaultKind;
  readonly allows: Allowance;
}

/** Every fault on every subject. */
export function allCells(): readonly Cell[] {
  return subjects.flatMap((subject) =>
    faultKinds.map((kind) => ({ subject, kind, allows: allowance(subject, kind) })),
  );
}

function allowance(subject: Subject, kind: FaultKind): Allowance {
  switch (subject) {
    case 'both frontends':
    case 'both decode':
      return 'outage';
    case 'frontend':
    case 'decode':
      // A process that is asked to stop finishes what it has.
      return kind === 'term' ? 'nothing' : 'underWay';
    default:
      return 'nothing';
  }
}
