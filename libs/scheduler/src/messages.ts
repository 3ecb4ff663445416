import type { CostTerm } from '@kvasir/cost-model';
import type { PrefixQuery } from '@kvasir/radix-index';
import type { RequestId, RouterId, WorkerId } from '@kvasir/units';
import type { TargetSpec } from './targets/target-table.js';

/** Per-request changes to the scheduler's options; an absent field keeps the option. */
export interface RouteOverrides {
  readonly temperature?: number | undefined;
  readonly overlapScoreCredit?: number | undefined;
  readonly prefillLoadScale?: number | undefined;
  readonly assumeKvReuse?: boolean | undefined;
  readonly trackPrefillTokens?: boolean | undefined;
}

/** Restricts the candidates; a target must satisfy all that is given. */
export interface RouteConstraints {
  readonly pinnedWorkerId?: WorkerId | undefined;
  readonly pinnedRank?: number | undefined;
  /** Absent or empty allows every worker. */
  readonly allowedWorkerIds?: readonly WorkerId[] | undefined;
  readonly excludedWorkerIds?: readonly WorkerId[] | undefined;
  readonly requiredTaints?: readonly string[] | undefined;
  /** LoRA adapter that the target must serve. */
  readonly loraName?: string | undefined;
}

export interface RouteInput {
  readonly kind: 'route';
  /** Null asks without booking. */
  readonly requestId: RequestId | null;
  /** Who asks, so that none can take all bookings; absent for who need not be told apart. */
  readonly caller?: string | undefined;
  readonly prompt: PrefixQuery & { readonly tokenCount: number };
  readonly overrides?: RouteOverrides | undefined;
  readonly constraints?: RouteConstraints | undefined;
  /** Given: it may wait for a target, when it has an id and the options have a queue. Higher priorities go first. */
  readonly wait?: { readonly priority: number } | undefined;
  readonly nowMs: number;
}

/** A target comes, or is another now. */
export interface TargetInput {
  readonly kind: 'targetAdded' | 'targetUpdated';
  readonly target: TargetSpec;
  readonly isEligible: boolean;
  /** Not eligible, but chosen rather than nobody: a request that no eligible target could take goes there. */
  readonly servesAtNeed?: boolean | undefined;
}

/** One thing that happened. Targets are named by (worker, rank); hashes are interleaved words, borrowed for the call. */
export type SchedulerInput =
  | TargetInput
  | { readonly kind: 'targetRemoved'; readonly workerId: WorkerId; readonly rank: number }
  | {
      readonly kind: 'kvStored';
      readonly workerId: WorkerId;
      readonly rank: number;
      readonly parent: Uint32Array | null;
      readonly hashes: Uint32Array;
    }
  /** A chain of a snapshot: its parent may be missing, because it was removed while its child stayed. */
  | {
      readonly kind: 'kvRestored';
      readonly workerId: WorkerId;
      readonly rank: number;
      readonly parent: Uint32Array | null;
      readonly hashes: Uint32Array;
    }
  | {
      readonly kind: 'kvRemoved';
      readonly workerId: WorkerId;
      readonly rank: number;
      readonly hashes: Uint32Array;
    }
  | { readonly kind: 'kvCleared'; readonly workerId: WorkerId; readonly rank: number }
  | RouteInput
  | { readonly kind: 'prefillCompleted'; readonly requestId: RequestId }
  | { readonly kind: 'outputTokens'; readonly requestId: RequestId; readonly tokenCount: number }
  /** Ends a booking, or the waiting for one. */
  | { readonly kind: 'freed'; readonly requestId: RequestId }
  /** What another router of the pool has booked in all, on the targets named or, when it is whole, on any. */
  | {
      readonly kind: 'peerLoads';
      readonly peer: RouterId;
      readonly loads: readonly TargetLoad[];
      readonly isWhole: boolean;
    }
  | { readonly kind: 'peerGone'; readonly peer: RouterId }
  | { readonly kind: 'tick'; readonly nowMs: number };

/** Where a request goes, and why. */
export interface Decision {
  readonly workerId: WorkerId;
  readonly rank: number;
  /** Leading prompt blocks that the target holds. */
  readonly overlapBlocks: number;
  /** Complete blocks of the prompt. */
  readonly promptBlocks: number;
  /** Tokens that the target will find cached: those of `overlapBlocks`, but never the last one's block. */
  readonly cachedTokens: number;
  /** In blocks; lower is better. 0 in modes that do not weigh. */
  readonly cost: number;
  readonly terms: readonly CostTerm[];
}

/** Every way in which a request is not placed; nothing is changed then. Codes are stable API. */
export const schedulerRejections = {
  SCHED_NO_TARGETS: { meaning: 'No worker is registered.' },
  SCHED_NO_ELIGIBLE_TARGETS: {
    meaning:
      'Workers are registered, but none may take the request: they drain, are left out by it, or lack what is required.',
  },
  SCHED_PINNED_UNAVAILABLE: { meaning: 'The worker that the request is pinned to cannot take it.' },
  SCHED_DUPLICATE_REQUEST: { meaning: 'A request of this id is booked already.' },
  SCHED_BOOKINGS_FULL: { meaning: 'As many requests are booked as may be.' },
  SCHED_CALLER_FULL: { meaning: 'This caller has as many requests booked as one may.' },
  SCHED_QUEUE_FULL: { meaning: 'Every worker has too much to do, and as many requests wait as may.' },
  SCHED_WAIT_ENDED: { meaning: 'The request was waiting for a worker when it was given up.' },
} as const;

export type RejectionCode = keyof typeof schedulerRejections;

/** What the shell has to do, or to tell. */
export type SchedulerEffect =
  | { readonly kind: 'routed'; readonly decision: Decision }
  /** It waits: `placed` or `refused` comes from a later step, unless it is freed before. */
  | { readonly kind: 'queued'; readonly requestId: RequestId }
  /** A request that waited is booked. */
  | { readonly kind: 'placed'; readonly requestId: RequestId; readonly decision: Decision }
  /** A request that waited will not be booked. */
  | {
      readonly kind: 'refused';
      readonly requestId: RequestId;
      readonly code: RejectionCode;
      readonly message: string;
    }
  | { readonly kind: 'rejected'; readonly code: RejectionCode; readonly message: string }
  | { readonly kind: 'prefillMarked'; readonly requestId: RequestId }
  | { readonly kind: 'released'; readonly requestId: RequestId }
  | { readonly kind: 'unknownRequest'; readonly requestId: RequestId }
  | { readonly kind: 'expired'; readonly requestIds: readonly RequestId[] }
  | { readonly kind: 'unknownTarget'; readonly workerId: WorkerId; readonly rank: number }
  /** A stored event whose parent the target does not hold: the index lacks something and wants a resync of this rank. */
  | { readonly kind: 'unknownParent'; readonly workerId: WorkerId; readonly rank: number }
  | { readonly kind: 'limitReached'; readonly evictedBlocks: number; readonly refusedBlocks: number };

/** What a target's load would be if it took a prompt. */
export interface PotentialLoad {
  readonly workerId: WorkerId;
  readonly rank: number;
  readonly potentialPrefillTokens: number;
  readonly potentialDecodeBlocks: number;
  readonly activeRequests: number;
}

/** How many leading blocks of a prompt a target holds. */
export interface OverlapScore {
  readonly workerId: WorkerId;
  readonly rank: number;
  readonly overlapBlocks: number;
}

/** What is booked on a target. */
export interface TargetLoad {
  readonly workerId: WorkerId;
  readonly rank: number;
  readonly prefillTokens: number;
  readonly blocks: number;
  readonly requests: number;
}
