import type { PoolConfig, PoolRole } from './pool-settings.js';

/** What a pool's routers say of it. */
export interface PoolReport {
  /** When it came, by the caller's clock. */
  readonly atMs: number;
  /** Running and waiting. */
  readonly requestsActive: number;
  /** Null when they do not say. */
  readonly requestsMax: number | null;
  readonly workersReady: number;
  readonly isSaturated: boolean;
}

/** What is known of a pool now. Nothing that is missing is ever taken for zero. */
export interface PoolState {
  readonly config: PoolConfig;
  /** Routers that are alive. */
  readonly routerCount: number;
  readonly isDraining: boolean;
  /** Null: not told. */
  readonly model: string | null;
  readonly loraNames: readonly string[] | null;
  readonly report: PoolReport | null;
  /** Requests that were sent there since the report. */
  readonly assignedSinceReport: number;
  /** True while recent calls to it failed. */
  readonly isFailing: boolean;
}

/** What is asked of a pool. */
export interface PoolRequest {
  readonly role: PoolRole;
  readonly promptTokens: number;
  readonly expectedOutputTokens: number | null;
  /** Targets of the request; null takes the default. An explicit 0 is kept. */
  readonly ttftMs: number | null;
  readonly itlMs: number | null;
  readonly priority: number | null;
  readonly model: string | null;
  readonly loraName: string | null;
  /** Where its session has been. */
  readonly boundPool: string | null;
  /** Labels of the pool of the other leg, once that is chosen. */
  readonly partnerLabels: readonly string[] | null;
  /** Labels that the pool must have. */
  readonly requiredLabels: readonly string[];
}

/** What a pool's router said when it was asked without booking. */
export interface PoolProbe {
  readonly pool: string;
  readonly outcome:
    | {
        readonly kind: 'answered';
        readonly cost: number;
        readonly overlapBlocks: number;
        readonly promptBlocks: number;
      }
    | { readonly kind: 'late' }
    | { readonly kind: 'failed' };
}

export type Ineligible =
  | 'wrongRole'
  | 'noRouter'
  | 'draining'
  | 'wrongModel'
  | 'noLora'
  | 'noWorkers'
  | 'failing'
  | 'label'
  | 'topology';

export interface RefusedPool {
  readonly pool: string;
  readonly reason: Ineligible;
}
