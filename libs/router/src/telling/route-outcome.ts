import type { WorkerRecord } from '@kvasir/contract';
import type { Decision, SchedulerEffect } from '@kvasir/scheduler';
import type { WorkerId } from '@kvasir/units';
import type { RouteDecision, RouteOutcome } from '../route-messages.js';

/** What a scheduler would say that knows no worker. */
export const NO_WORKERS = {
  kind: 'rejected',
  code: 'SCHED_NO_TARGETS',
  message: 'Cannot route: no worker is registered',
} as const satisfies RouteOutcome;

/** What the scheduler has decided, as a caller needs it. */
export function routeOutcome(
  effect: SchedulerEffect,
  worker: (id: WorkerId) => WorkerRecord | null,
): RouteOutcome {
  switch (effect.kind) {
    case 'routed':
    case 'placed': {
      const chosen = worker(effect.decision.workerId);
      return chosen === null ? NO_WORKERS : { kind: 'routed', decision: reachable(effect.decision, chosen) };
    }
    case 'rejected':
    case 'refused':
      return { kind: 'rejected', code: effect.code, message: effect.message };
    default:
      throw new TypeError(`Cannot route: the scheduler answered ${effect.kind}`);
  }
}

function reachable(decision: Decision, worker: WorkerRecord): RouteDecision {
  const { url, dialect, incarnation, blockSize } = worker;
  return { ...decision, url, dialect, incarnation, blockSize };
}
