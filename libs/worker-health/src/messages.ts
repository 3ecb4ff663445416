import type { RequestId, WorkerId } from '@kvasir/units';
import type { OutcomeCode } from './outcomes.js';

/** Why a worker is not trusted. */
export type SetAsideReason =
  /** Requests failed on it. */
  | 'failures'
  /** No connection can be made to it. */
  | 'unreachable'
  /** It owes answers and says nothing. */
  | 'silence';

/** How a request ended on a worker. */
export type LegEnd =
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'failed'; readonly code: OutcomeCode; readonly retryAfterMs: number | null }
  /** Its client left, or we stopped. */
  | { readonly kind: 'givenUp' }
  /** Its deadline passed. */
  | { readonly kind: 'deadline' };

/** One request on one worker. */
export interface Leg {
  readonly workerId: WorkerId;
  /** Of the client's request: the same on each worker that it is tried on. */
  readonly requestId: RequestId;
  readonly sentMs: number;
  /** How long it may well take before its first byte, in ms. */
  readonly patienceMs: number;
  /** Whether its first byte has come. */
  hasAnswered: boolean;
}

/** What the shell has to do, or to tell. Whoever is passed over may have changed after any but `probe`. */
export type HealthEffect =
  /** Let it generate one token, and say how that went. */
  | { readonly kind: 'probe'; readonly workerId: WorkerId }
  | {
      readonly kind: 'setAside';
      readonly workerId: WorkerId;
      readonly reason: SetAsideReason;
      /** What speaks against it, for a log line. */
      readonly evidence: string;
      /** Until it is tried. */
      readonly coolDownMs: number;
    }
  /** What waits there for a first byte waits in vain: it is to be taken elsewhere. */
  | { readonly kind: 'waitsInVain'; readonly workerId: WorkerId }
  | { readonly kind: 'trusted'; readonly workerId: WorkerId }
  | { readonly kind: 'overloaded'; readonly workerId: WorkerId; readonly durationMs: number }
  | { readonly kind: 'roomAgain'; readonly workerId: WorkerId };
