export type PoolRole = 'prefill' | 'decode' | 'aggregated';

/** One pool: workers of one endpoint behind their own routers. */
export interface PoolConfig {
  /** Unique. */
  readonly name: string;
  readonly role: PoolRole;
  /** `namespace.component.endpoint`: where its routers and workers are registered. */
  readonly endpoint: string;
  /** Its share of the load against others; above 0. */
  readonly weight: number;
  /** Lower is faster; by default its place among the pools of its role. */
  readonly priority: number;
  /** For topology and requirements, e.g. `site=a`. */
  readonly labels: readonly string[];
  /** Requests at once that count as full; null takes what its reports say. */
  readonly requestsMax: number | null;
}

export type GridQuantity = 'inputTokens' | 'contextTokens' | 'ttftMs' | 'itlMs';

/** One axis of a grid: `resolution` equal steps from `min` to `max`; what lies outside counts to the first or last. */
export interface GridAxis {
  readonly quantity: GridQuantity;
  readonly min: number;
  readonly max: number;
  readonly resolution: number;
}

/** Requests whose priority lies in the range, borders included, go to the pool whatever the grid says. */
export interface PriorityOverride {
  readonly priorityMin: number;
  readonly priorityMax: number;
  readonly pool: string;
}

export interface Grid {
  readonly axes: readonly GridAxis[];
  /** Row-major over the axes; each names one pool, or several among which the later policies decide. */
  readonly cells: readonly (readonly string[])[];
  readonly overrides: readonly PriorityOverride[];
}

export const poolPolicies = ['grid', 'probe', 'load'] as const;
export type PoolPolicyName = (typeof poolPolicies)[number];

/** Which pools there are and how one is chosen. */
export interface PoolSettings {
  readonly pools: readonly PoolConfig[];
  /** Compared in this order; a tie goes to the next. */
  readonly policies: readonly PoolPolicyName[];
  readonly grids: { readonly [Role in PoolRole]: Grid | null };
  /** Whether the pools of both legs must, or had better, have the same value of a label, e.g. `site`. */
  readonly topology: { readonly label: string; readonly mode: 'required' | 'preferred' } | null;
  /** Pressure at which a pool counts as saturated, so that the next one is taken. */
  readonly spillOver: { readonly pressureMax: number } | null;
  /** Where to go when a pool fails: to any other, to those with a lower priority number, or nowhere. */
  readonly failOver: 'any' | 'faster' | 'none';
  /** Keeps a session on its pool. */
  readonly affinity: { readonly ttlMs: number; readonly sessionsMax: number } | null;
  /** What a pool said longer ago counts as nothing said. */
  readonly reportTtlMs: number;
  /** Null takes the middle of the axis. */
  readonly defaultTtftMs: number | null;
  readonly defaultItlMs: number | null;
  readonly probe: { readonly deadlineMs: number };
}

export type SettingsReading =
  | { readonly kind: 'ok'; readonly settings: PoolSettings; readonly warnings: readonly string[] }
  /** Every problem at once, each with its place. */
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

export const POOL_SETTINGS_DEFAULT: Omit<PoolSettings, 'pools' | 'grids'> = {
  policies: ['grid', 'probe', 'load'],
  topology: null,
  spillOver: null,
  failOver: 'any',
  affinity: null,
  reportTtlMs: 5_000,
  defaultTtftMs: null,
  defaultItlMs: null,
  probe: { deadlineMs: 50 },
};
