import type { WorkerId } from '@kvasir/units';
import { GIVEN_UP_MS_MIN } from './health-options.js';
import type { HealthOptions } from './health-options.js';
import type { HealthEffect, Leg, LegEnd, SetAsideReason } from './messages.js';
import { outcomes } from './outcomes.js';
import { compareDistrust, newWorkerState } from './worker-state.js';
import type { WorkerState } from './worker-state.js';

const NOTHING: readonly HealthEffect[] = [];

/**
 * Which workers of a pool are passed over, judged by how requests end on them, by what they owe, and by probes. No single outcome removes a worker but
 * a connection that cannot be made; only so many are passed over that the stated share of the pool serves on. Knows no clock.
 */
export class PoolHealth {
  readonly #options: HealthOptions;
  readonly #workers = new Map<WorkerId, WorkerState>();
  /** First bytes of all workers so far. */
  #answers = 0;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  /** A worker has come, or begun another life. */
  join(workerId: WorkerId, nowMs: number): void {
    this.#workers.set(workerId, newWorkerState(workerId, nowMs, this.#options.windowMs));
  }

  leave(workerId: WorkerId): void {
    this.#workers.delete(workerId);
  }

  /** Workers that are not trusted, whether they are passed over or serve because too many would be. */
  get distrustedCount(): number {
    let count = 0;
    for (const { distrust } of this.#workers.values()) if (distrust !== null) count += 1;
    return count;
  }

  isTrusted(workerId: WorkerId): boolean {
    return (this.#workers.get(workerId)?.distrust ?? null) === null;
  }

  /** A request goes to a worker. */
  sent({ workerId, sentMs, patienceMs }: Leg): void {
    this.#workers.get(workerId)?.owed.sent(sentMs, patienceMs, this.#answers);
  }

  /** Bytes of an answer have come. */
  heard(leg: Leg, nowMs: number): void {
    const worker = this.#workerOf(leg);
    if (!leg.hasAnswered) {
      leg.hasAnswered = true;
      this.#answers += 1;
      worker?.owed.settled();
    }
    worker?.owed.heard(nowMs, this.#answers);
  }

  /** A request has ended on a worker, well or not. To be told once of each. */
  ended(leg: Leg, end: LegEnd, nowMs: number): readonly HealthEffect[] {
    const worker = this.#workerOf(leg);
    // An answer in one piece begins and ends at once.
    if (end.kind === 'succeeded' && !leg.hasAnswered) this.heard(leg, nowMs);
    if (worker === undefined) return NOTHING;
    if (!leg.hasAnswered) worker.owed.settled();
    switch (end.kind) {
      case 'succeeded':
        return this.#succeeded(worker, leg, nowMs);
      case 'failed':
        return this.#failed(worker, leg, end, nowMs);
      case 'givenUp':
        if (!leg.hasAnswered && nowMs - leg.sentMs < GIVEN_UP_MS_MIN) worker.owed.forgiven();
        return NOTHING;
      case 'deadline':
        return leg.hasAnswered ? NOTHING : this.#passedDeadline(worker, nowMs);
    }
  }

  /** A probe was answered, or not. */
  probed(workerId: WorkerId, isWell: boolean, nowMs: number): readonly HealthEffect[] {
    const worker = this.#workers.get(workerId);
    const distrust = worker?.distrust ?? null;
    if (worker === undefined || distrust === null || !distrust.isProbed) return NOTHING;
    if (isWell) {
      worker.owed.excuse(nowMs, this.#answers);
      return this.#trust(worker);
    }
    const coolDownMs = this.#strike(worker);
    const answers = worker.owed.silence(nowMs, this.#answers)?.answers ?? 0;
    worker.distrust = { ...distrust, isProbed: false, hasFailedProbe: true, probeAtMs: nowMs + coolDownMs };
    const evidence = distrust.hasFailedProbe ? 'it fails probes still' : 'a probe failed';
    const effects: HealthEffect[] = [
      { kind: 'setAside', workerId, reason: distrust.reason, evidence, coolDownMs },
    ];
    // Only while others answer: when nobody does, another worker would be no better.
    if (answers > 0) effects.push({ kind: 'waitsInVain', workerId });
    return effects;
  }

  /** Time has passed: who is to be tried, who has fallen silent, who may have room again. O(workers). */
  tick(nowMs: number): readonly HealthEffect[] {
    const effects: HealthEffect[] = [];
    for (const worker of this.#workers.values()) {
      const { workerId, distrust, overloadedUntilMs } = worker;
      if (overloadedUntilMs !== null && overloadedUntilMs <= nowMs) {
        worker.overloadedUntilMs = null;
        effects.push({ kind: 'roomAgain', workerId });
      }
      if (distrust === null) effects.push(...this.#noticeSilence(worker, nowMs));
      else if (!distrust.isProbed && distrust.probeAtMs <= nowMs) {
        distrust.isProbed = true;
        effects.push({ kind: 'probe', workerId });
      }
    }
    return effects;
  }

  /**
   * Who is to be passed over, of those who could serve: the worst of the distrusted, up to the share, and those without room unless nobody would
   * be left. @param serving workers that could take new work.
   */
  passedOver(serving: readonly WorkerId[]): ReadonlySet<WorkerId> {
    const distrusted = serving
      .flatMap((workerId) => {
        const distrust = this.#workers.get(workerId)?.distrust ?? null;
        return distrust === null ? [] : [{ workerId, distrust }];
      })
      .sort((a, b) => compareDistrust(a.distrust, b.distrust));
    const countMax = Math.floor(serving.length * this.#options.setAsideShareMax);
    const passed = new Set(distrusted.slice(0, countMax).map(({ workerId }) => workerId));
    const full = serving.filter(
      (workerId) =>
        !passed.has(workerId) && (this.#workers.get(workerId)?.overloadedUntilMs ?? null) !== null,
    );
    if (full.length < serving.length - passed.size) for (const workerId of full) passed.add(workerId);
    return passed;
  }

  #workerOf({ workerId, sentMs }: Leg): WorkerState | undefined {
    const worker = this.#workers.get(workerId);
    return worker === undefined || sentMs < worker.joinedMs ? undefined : worker;
  }

  #succeeded(worker: WorkerState, leg: Leg, nowMs: number): readonly HealthEffect[] {
    worker.window.succeeded(nowMs);
    const { distrust } = worker;
    if (distrust === null) {
      worker.strikes = 0;
      return NOTHING;
    }
    // What began before says nothing of now.
    return leg.sentMs >= distrust.sinceMs ? this.#trust(worker) : NOTHING;
  }

  #failed(
    worker: WorkerState,
    { requestId }: Leg,
    { code, retryAfterMs }: Extract<LegEnd, { kind: 'failed' }>,
    nowMs: number,
  ): readonly HealthEffect[] {
    // Whatever it is, it is an answer, but for what was never sent and what we have given up ourselves.
    if (code !== 'ENGINE_UNREACHABLE' && code !== 'ENGINE_SILENT') worker.owed.heard(nowMs, this.#answers);
    const { outcome } = outcomes[code];
    if (outcome === 'overload') return this.#overloaded(worker, retryAfterMs, nowMs);
    if (outcome !== 'workerFault') return NOTHING;
    worker.window.failed(requestId, nowMs);
    if (worker.distrust !== null) return NOTHING;
    if (code === 'ENGINE_UNREACHABLE') {
      worker.owed.forgiven();
      return this.#setAside(worker, 'unreachable', 'no connection can be made', nowMs);
    }
    const { failedRequests, succeeded } = worker.window.counts(nowMs);
    const { failedRequestsMin, failureShareMin } = this.#options;
    const share = failedRequests / (failedRequests + succeeded);
    if (failedRequests < failedRequestsMin || share < failureShareMin) return NOTHING;
    const evidence = `${failedRequests} of ${failedRequests + succeeded} requests failed, the last one with ${code}`;
    return this.#setAside(worker, 'failures', evidence, nowMs);
  }

  #overloaded(worker: WorkerState, retryAfterMs: number | null, nowMs: number): readonly HealthEffect[] {
    if (retryAfterMs === null || retryAfterMs === 0) return NOTHING;
    const durationMs = Math.min(retryAfterMs, this.#options.overloadMsMax);
    worker.overloadedUntilMs = Math.max(worker.overloadedUntilMs ?? 0, nowMs + durationMs);
    return [{ kind: 'overloaded', workerId: worker.workerId, durationMs }];
  }

  /** A deadline is the client's, and may be short: it tells of a worker that is silent otherwise too, while others answer. */
  #passedDeadline(worker: WorkerState, nowMs: number): readonly HealthEffect[] {
    const silence = worker.owed.silence(nowMs, this.#answers);
    const { silenceAnswersMin, silenceMs } = this.#options;
    if (silence === null || worker.distrust !== null || worker.owed.excuses > 0) return NOTHING;
    if (silence.answers < silenceAnswersMin || silence.ms < silenceMs / 2) return NOTHING;
    return this.#suspect(worker, silence, nowMs);
  }

  #noticeSilence(worker: WorkerState, nowMs: number): readonly HealthEffect[] {
    const silence = worker.owed.silence(nowMs, this.#answers);
    if (silence === null) return NOTHING;
    const { silenceMs, silenceAnswersMin, lonelySilenceMs, silenceMsMax } = this.#options;
    const allowedMs = silence.answers >= silenceAnswersMin ? silenceMs : lonelySilenceMs;
    if (silence.ms < Math.min(allowedMs * 2 ** worker.owed.excuses, silenceMsMax)) return NOTHING;
    return this.#suspect(worker, silence, nowMs);
  }

  /** It is passed over while it is tried; a strike it is only when the probe fails. */
  #suspect(
    worker: WorkerState,
    { ms, answers }: { readonly ms: number; readonly answers: number },
    nowMs: number,
  ): readonly HealthEffect[] {
    const { workerId } = worker;
    const state = { sinceMs: nowMs, probeAtMs: nowMs, isProbed: true, hasFailedProbe: false };
    worker.distrust = { reason: 'silence', ...state };
    const evidence = `it owes answers and has said nothing for ${Math.round(ms)} ms while others answered ${answers} requests`;
    return [
      { kind: 'setAside', workerId, reason: 'silence', evidence, coolDownMs: 0 },
      { kind: 'probe', workerId },
    ];
  }

  #setAside(
    worker: WorkerState,
    reason: SetAsideReason,
    evidence: string,
    nowMs: number,
  ): readonly HealthEffect[] {
    const { workerId } = worker;
    const coolDownMs = this.#strike(worker);
    const state = { probeAtMs: nowMs + coolDownMs, isProbed: false, hasFailedProbe: false };
    worker.distrust = { reason, sinceMs: nowMs, ...state };
    return [{ kind: 'setAside', workerId, reason, evidence, coolDownMs }];
  }

  /** @returns how long it is left alone now. */
  #strike(worker: WorkerState): number {
    const { coolDownMs, coolDownMsMax } = this.#options;
    const durationMs = Math.min(coolDownMs * 2 ** Math.min(worker.strikes, 30), coolDownMsMax);
    worker.strikes += 1;
    return durationMs;
  }

  #trust(worker: WorkerState): readonly HealthEffect[] {
    worker.distrust = null;
    worker.window.clear();
    return [{ kind: 'trusted', workerId: worker.workerId }];
  }
}
