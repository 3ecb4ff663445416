import type { WorkerId } from '@kvasir/units';
import type { SetAsideReason } from './messages.js';
import { OutcomeWindow } from './outcome-window.js';
import { OwedAnswers } from './owed-answers.js';

/** Why and since when a worker is not trusted. */
export interface Distrust {
  readonly reason: SetAsideReason;
  readonly sinceMs: number;
  /** When it is tried; it waits for a probe's answer while `isProbed`. */
  probeAtMs: number;
  isProbed: boolean;
  /** A probe, which no client can spoil, has failed. */
  hasFailedProbe: boolean;
}

/** What is known of one worker. */
export interface WorkerState {
  readonly workerId: WorkerId;
  /** What was sent before was sent to another life of it. */
  readonly joinedMs: number;
  readonly window: OutcomeWindow;
  readonly owed: OwedAnswers;
  /** Null while it is trusted. */
  distrust: Distrust | null;
  /** Times that it was set aside, or failed a probe, since it last answered a request well. */
  strikes: number;
  /** It has no room until then. */
  overloadedUntilMs: number | null;
}

export function newWorkerState(workerId: WorkerId, joinedMs: number, windowMs: number): WorkerState {
  return {
    workerId,
    joinedMs,
    window: new OutcomeWindow(windowMs),
    owed: new OwedAnswers(),
    distrust: null,
    strikes: 0,
    overloadedUntilMs: null,
  };
}

/** Worse ones first: who failed a probe or cannot be reached, then who failed requests, then who is only silent; among equals the longest. */
export function compareDistrust(a: Distrust, b: Distrust): number {
  return rank(b) - rank(a) || a.sinceMs - b.sinceMs;
}

function rank({ reason, hasFailedProbe }: Distrust): number {
  if (hasFailedProbe) return 3;
  return reason === 'unreachable' ? 2 : reason === 'failures' ? 1 : 0;
}
