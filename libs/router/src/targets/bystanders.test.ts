import { PromptBlocks } from '@kvasir/block-hash';
import { Scheduler, SCHEDULER_OPTIONS_DEFAULT } from '@kvasir/scheduler';
import { requestId, seededPrng, workerId } from '@kvasir/units';
import type { Prng, WorkerId } from '@kvasir/units';
import { Attempts, HEALTH_OPTIONS_DEFAULT, outcomes, PoolHealth } from '@kvasir/worker-health';
import type { HealthEffect, Leg, LegEnd, OutcomeCode } from '@kvasir/worker-health';
import { describe, expect, it } from 'vitest';

/** What a client's request makes a worker do that is well. A bystander's is answered. */
const HARMS = [
  'crashes',
  'errors',
  'refused',
  'refusedInStream',
  'unfinished',
  'silentToTheDeadline',
  'leftAtOnce',
  'leftLate',
  'overloads',
  'tooLarge',
  'protocol',
] as const;
type Harm = (typeof HARMS)[number];

const CODES: Partial<Record<Harm, OutcomeCode>> = {
  crashes: 'ENGINE_DISCONNECTED',
  errors: 'ENGINE_ERROR_STATUS',
  refused: 'ENGINE_REFUSED',
  refusedInStream: 'ENGINE_REFUSED',
  unfinished: 'ENGINE_INCOMPLETE',
  overloads: 'ENGINE_OVERLOADED',
  tooLarge: 'ENGINE_ANSWER_TOO_LARGE',
  protocol: 'ENGINE_PROTOCOL',
};

const SEQUENCES = 10_000;
const TICK_MS = 250;
const ATTEMPTS_MAX = 3;
const PROMPT = Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 8);

interface Asked {
  readonly id: string;
  /** Null is a bystander. */
  readonly harm: Harm | null;
  readonly attempts: Attempts;
}

/** A fleet of workers that are well, with the real scheduler, health and attempts, in a time of its own. */
class Fleet {
  readonly scheduler = new Scheduler(
    { ...SCHEDULER_OPTIONS_DEFAULT, blockSize: 4, indexBlocksMax: 64 },
    seededPrng(1),
  );
  readonly health = new PoolHealth(HEALTH_OPTIONS_DEFAULT);
  readonly workers: readonly WorkerId[];
  readonly prng: Prng;
  nowMs = 0;
  answered = 0;
  bystanders = 0;
  setAsides = 0;
  lastResorts = 0;
  mostSendsOfOne = 0;
  /** Workers without room are passed over beside those that are set aside. */
  hasOverload = false;
  #due: { atMs: number; run: () => void }[] = [];
  #passedOver: ReadonlySet<WorkerId> = new Set();

  constructor(prng: Prng, workerCount: number) {
    this.prng = prng;
    this.workers = Array.from({ length: workerCount }, (_, index) => workerId(`w${index}`));
    for (const id of this.workers) this.health.join(id, 0);
    this.#put();
  }

  at(atMs: number, run: () => void): void {
    this.#due.push({ atMs, run });
  }

  run(untilMs: number): void {
    const tick = (): void => {
      this.#apply(this.health.tick(this.nowMs));
      if (this.nowMs + TICK_MS <= untilMs) this.at(this.nowMs + TICK_MS, tick);
    };
    this.at(TICK_MS, tick);
    while (this.#due.length > 0) {
      let next = 0;
      for (let index = 1; index < this.#due.length; index += 1)
        if ((this.#due[index]?.atMs ?? Infinity) < (this.#due[next]?.atMs ?? Infinity)) next = index;
      const [event] = this.#due.splice(next, 1);
      if (event === undefined) return;
      this.nowMs = event.atMs;
      event.run();
    }
  }

  ask(asked: Asked): void {
    const id = requestId(`${asked.id}.${asked.attempts.totalCount}`);
    const [effect] = this.scheduler.step({
      ...{ kind: 'route', requestId: id, nowMs: this.nowMs, prompt: new PromptBlocks(PROMPT, 4) },
      constraints: { excludedWorkerIds: asked.attempts.excluded },
    });
    if (effect?.kind !== 'routed') {
      // Whoever has been tried everywhere is told what came of that; a bystander never is.
      if (asked.harm === null || asked.attempts.totalCount === 0)
        throw new Error(`request ${asked.id} (${asked.harm ?? 'bystander'}) was refused`);
      return;
    }
    if (this.#passedOver.has(effect.decision.workerId)) this.lastResorts += 1;
    const leg: Leg = {
      ...{ workerId: effect.decision.workerId, requestId: requestId(asked.id), sentMs: this.nowMs },
      ...{ patienceMs: 0, hasAnswered: false },
    };
    this.health.sent(leg);
    const end = (afterMs: number, how: LegEnd): void => {
      this.at(this.nowMs + afterMs, () => {
        this.scheduler.step({ kind: 'freed', requestId: id });
        this.#apply(this.health.ended(leg, how, this.nowMs));
        this.#settle(asked, leg, how);
      });
    };
    this.#serve(asked, leg, end);
  }

  #serve(asked: Asked, leg: Leg, end: (afterMs: number, how: LegEnd) => void): void {
    const firstMs = 5 + this.prng() * 200;
    const hear = (): void => this.at(this.nowMs + firstMs, () => this.health.heard(leg, this.nowMs));
    switch (asked.harm) {
      case null:
        hear();
        end(firstMs + this.prng() * 3_000, { kind: 'succeeded' });
        return;
      case 'leftAtOnce':
        end(this.prng() * 50, { kind: 'givenUp' });
        return;
      case 'leftLate':
        end(1_000 + this.prng() * 9_000, { kind: 'givenUp' });
        return;
      case 'silentToTheDeadline':
        end(100 + this.prng() * 10_000, { kind: 'deadline' });
        return;
      case 'refusedInStream':
        hear();
        end(firstMs + 1, failed('refusedInStream', null));
        return;
      case 'overloads':
        end(firstMs, failed('overloads', Math.floor(this.prng() * 40_000)));
        return;
      default:
        end(firstMs, failed(asked.harm, null));
    }
  }

  #settle(asked: Asked, leg: Leg, how: LegEnd): void {
    if (how.kind === 'succeeded') this.answered += 1;
    if (how.kind !== 'failed') return;
    const { outcome, retryable, suspectsRequest } = outcomes[how.code];
    const again = asked.attempts.failed({
      ...{ ...how, outcome, retryable, suspectsRequest, workerId: leg.workerId },
      hasBegun: leg.hasAnswered,
    });
    if (outcome === 'workerFault')
      this.mostSendsOfOne = Math.max(this.mostSendsOfOne, asked.attempts.totalCount);
    if (again) this.ask(asked);
  }

  #apply(effects: readonly HealthEffect[]): void {
    if (effects.length === 0) return;
    for (const effect of effects) {
      if (effect.kind === 'setAside') this.setAsides += 1;
      if (effect.kind === 'waitsInVain') throw new Error('a request was taken from a worker that is well');
      if (effect.kind !== 'probe') continue;
      this.at(this.nowMs + 20 + this.prng() * 400, () =>
        this.#apply(this.health.probed(effect.workerId, true, this.nowMs)),
      );
    }
    this.#put();
  }

  #put(): void {
    this.#passedOver = this.health.passedOver(this.workers);
    if (this.#passedOver.size >= this.workers.length) throw new Error('nobody is left');
    const countMax = this.workers.length * HEALTH_OPTIONS_DEFAULT.setAsideShareMax;
    if (!this.hasOverload && this.#passedOver.size > countMax)
      throw new Error('more are set aside than may be');
    for (const id of this.workers)
      this.scheduler.step({
        ...{ kind: 'targetUpdated', target: { workerId: id, rank: 0, taints: [] } },
        ...{ isEligible: !this.#passedOver.has(id), servesAtNeed: true },
      });
  }
}

function failed(harm: Harm, retryAfterMs: number | null): LegEnd {
  return { kind: 'failed', code: CODES[harm] ?? 'ENGINE_DISCONNECTED', retryAfterMs };
}

/** One sequence of what clients do, drawn from a seed. */
function play(seed: number): Fleet {
  const prng = seededPrng(seed);
  const fleet = new Fleet(prng, 1 + Math.floor(prng() * 4));
  const harms = HARMS.filter(() => prng() < 0.5);
  fleet.hasOverload = harms.includes('overloads');
  const harmShare = prng();
  const gapMs = 10 + prng() * 800;
  const count = 4 + Math.floor(prng() * 28);
  let atMs = 0;
  for (let index = 0; index < count; index += 1) {
    atMs += prng() * 2 * gapMs;
    const drawn = harms[Math.floor(prng() * harms.length)] ?? null;
    const asked: Asked = {
      id: `q${index}`,
      harm: prng() < harmShare ? drawn : null,
      attempts: new Attempts(ATTEMPTS_MAX),
    };
    if (asked.harm === null) fleet.bystanders += 1;
    fleet.at(atMs, () => fleet.ask(asked));
  }
  fleet.run(atMs + 15_000);
  return fleet;
}

describe('a fleet that is well', () => {
  it(`refuses nobody, whatever other clients do (${SEQUENCES} sequences)`, () => {
    let [setAsides, lastResorts, bystanders] = [0, 0, 0];
    for (let seed = 1; seed <= SEQUENCES; seed += 1) {
      let fleet: Fleet;
      try {
        fleet = play(seed);
      } catch (error) {
        throw new Error(`sequence ${seed}`, { cause: error });
      }
      if (fleet.answered !== fleet.bystanders)
        throw new Error(
          `sequence ${seed}: ${fleet.answered} of ${fleet.bystanders} bystanders were answered`,
        );
      // A request that breaks workers is not tried on a third.
      expect(fleet.mostSendsOfOne).toBeLessThanOrEqual(3);
      setAsides += fleet.setAsides;
      lastResorts += fleet.lastResorts;
      bystanders += fleet.bystanders;
    }
    // The sequences are of the kind that matters: workers were set aside, and some served as the last resort.
    expect(setAsides).toBeGreaterThan(1_000);
    expect(lastResorts).toBeGreaterThan(100);
    expect(bystanders).toBeGreaterThan(10_000);
  }, 120_000);
});
