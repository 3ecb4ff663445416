import type { RequestId } from '@kvasir/units';
import type { Bookings } from '../bookings/bookings.js';
import type { RouteInput, SchedulerEffect, SchedulerInput } from '../messages.js';
import type { QueueOptions } from '../options.js';
import { rejected } from '../rejected.js';
import type { Candidates } from '../routing/candidates.js';
import { WaitingQueue } from './waiting-queue.js';
import type { WaitingRequest } from './waiting-queue.js';

/** Waiting requests that are looked at when something is freed: those behind one that is bound to a busy target need not wait for it. */
const QUEUE_LOOK_AHEAD = 64;

export interface AdmissionParts {
  /** Null: no request waits. */
  readonly queue: QueueOptions | null;
  readonly bookingsMax: number;
  readonly bookings: Pick<Bookings, 'size' | 'has'>;
  readonly candidates: Candidates;
  /** Chooses and books, or rejects. */
  readonly place: (input: RouteInput) => SchedulerEffect;
}

/** Lets requests in, or lets them wait while every target that could take them has enough to do. */
export class Admission {
  readonly #parts: AdmissionParts;
  readonly #waiting = new WaitingQueue();

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** A request comes: its answer, and those of others that are placed with it. */
  admit(input: RouteInput, nowMs: number): readonly SchedulerEffect[] {
    const { requestId, wait } = input;
    const { queue, bookings, candidates, place } = this.#parts;
    if (requestId !== null && (bookings.has(requestId) || this.#waiting.has(requestId)))
      return [rejected('SCHED_DUPLICATE_REQUEST', `Cannot book request ${requestId}: it is booked already`)];
    if (queue === null || requestId === null || wait === undefined) return [place(input)];
    // Whoever comes while others wait queues up behind them, and is placed with them in the same step when there is room.
    const refusal = candidates.mark(input);
    if (refusal !== null) return [refusal];
    if (this.#waiting.size === 0 && !candidates.areBusy(queue.prefillTokensMax)) return [place(input)];
    if (this.#waiting.size >= queue.requestsMax)
      return [
        rejected('SCHED_QUEUE_FULL', `Cannot book request ${requestId}: ${this.#waiting.size} requests wait`),
      ];
    this.#waiting.add({ requestId, priority: wait.priority, input });
    const placed = this.placeWaiting(nowMs);
    const own = placed.find((effect) => effect.requestId === requestId);
    const others = placed.filter((effect) => effect !== own);
    return [own === undefined ? { kind: 'queued', requestId } : asAnswer(own), ...others];
  }

  /** Books those who wait, in order, as far as targets take them. O(look-ahead · targets), and as much again for each that nobody can take. */
  placeWaiting(nowMs: number): readonly Settled[] {
    const { queue } = this.#parts;
    if (queue === null) return [];
    const settled: Settled[] = [];
    // Whom nobody can take any more is not to hide those behind: when the last target leaves, all of them are told at once.
    while (this.#settleFirst({ queue, nowMs, settled }) > 0);
    return settled;
  }

  /** Looks at the first of those who wait. @returns how many of them nobody can take. */
  #settleFirst(step: {
    readonly queue: QueueOptions;
    readonly nowMs: number;
    readonly settled: Settled[];
  }): number {
    const { bookings, bookingsMax, candidates, place } = this.#parts;
    const { queue, nowMs, settled } = step;
    let refusals = 0;
    for (const waiting of this.#waiting.first(QUEUE_LOOK_AHEAD)) {
      if (bookings.size >= bookingsMax) return 0;
      const refusal = candidates.mark(waiting.input);
      if (refusal === null && candidates.areBusy(queue.prefillTokensMax)) continue;
      this.#waiting.remove(waiting.requestId);
      if (refusal !== null) refusals += 1;
      settled.push(settledAs(waiting, refusal ?? place({ ...waiting.input, nowMs })));
    }
    return refusals;
  }

  /** A request waits no longer, at its caller's wish. @returns null for one that does not wait. */
  giveUp(requestId: RequestId): readonly SchedulerEffect[] | null {
    if (!this.#waiting.remove(requestId)) return null;
    const message = `Cannot book request ${requestId}: it was given up while it waited`;
    return [
      { kind: 'released', requestId },
      { kind: 'refused', requestId, code: 'SCHED_WAIT_ENDED', message },
    ];
  }
}

/** What became of a request that waited. */
type Settled = Extract<SchedulerEffect, { kind: 'placed' | 'refused' }>;

function settledAs({ requestId }: WaitingRequest, effect: SchedulerEffect): Settled {
  if (effect.kind === 'routed') return { kind: 'placed', requestId, decision: effect.decision };
  if (effect.kind === 'rejected') return { ...effect, kind: 'refused', requestId };
  throw new TypeError(`Cannot place request ${requestId}: the choice answered ${effect.kind}`);
}

/** The same for who has just asked. */
function asAnswer(settled: Settled): SchedulerEffect {
  return settled.kind === 'placed'
    ? { kind: 'routed', decision: settled.decision }
    : rejected(settled.code, settled.message);
}

/** Whether a target may have less to do, or there may be another one, after this. */
export function mayMakeRoom({ kind }: SchedulerInput): boolean {
  switch (kind) {
    case 'prefillCompleted':
    case 'freed':
    case 'targetAdded':
    case 'targetUpdated':
    case 'targetRemoved':
    case 'peerLoads':
    case 'peerGone':
    case 'tick':
      return true;
    default:
      return false;
  }
}
