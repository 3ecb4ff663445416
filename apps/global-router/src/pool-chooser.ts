import { choosePool, eligiblePools, SessionPools } from '@kvasir/pool-policy';
import type { PoolChoice, PoolProbe, PoolRequest, PoolRole, PoolState } from '@kvasir/pool-policy';
import type { BestWorkerIdRequest } from '@kvasir/rpc';
import type { Clock } from '@kvasir/service';
import type { Prng } from '@kvasir/units';
import type { GlobalRouterMetrics } from './metrics.js';
import type { Pools } from './pools.js';
import { probePools } from './probe-pools.js';

export interface PoolChooserParts {
  readonly pools: Pools;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly metrics: GlobalRouterMetrics;
}

export interface ChosenPools {
  readonly asked: PoolRequest;
  readonly choice: PoolChoice;
  /** The request counts as sent to the first pool until this is called. Idempotent. */
  readonly settle: () => void;
}

const nothing = (): void => undefined;

/** Chooses a pool for a request: gathers what is known, asks the pools when that may decide, and lets the policy choose. */
export class PoolChooser {
  readonly #parts: PoolChooserParts;
  /** Null until a configuration wants sessions to stay. */
  #sessions: SessionPools | null = null;

  constructor(parts: PoolChooserParts) {
    this.#parts = parts;
  }

  async choose(
    role: PoolRole,
    request: BestWorkerIdRequest,
    expectedOutputTokens: number | null,
  ): Promise<ChosenPools> {
    const { pools, clock, prng } = this.#parts;
    const asked = this.#asked(role, request, expectedOutputTokens);
    const states = pools.states();
    const probes = await this.#probe(asked, states, request);
    const choice = choosePool(asked, probes === null ? states : pools.states(), pools.settings, {
      nowMs: clock.nowMs(),
      probes,
      random: prng,
    });
    // In the same step, so that no two choices see the same room.
    const first = choice.kind === 'none' ? undefined : pools.get(choice.order[0]?.pool ?? '');
    return { asked, choice, settle: first?.expect() ?? nothing };
  }

  /** A request of a session went to this pool: the next ones follow it. */
  bind({ poolHints }: BestWorkerIdRequest, role: PoolRole, pool: string): void {
    const sessionId = poolHints?.sessionId;
    if (sessionId !== undefined)
      this.#affinity()?.bind(`${role} ${sessionId}`, pool, this.#parts.clock.nowMs());
  }

  #asked(role: PoolRole, request: BestWorkerIdRequest, expectedOutputTokens: number | null): PoolRequest {
    const { prompt, poolHints } = request;
    const session = poolHints?.sessionId;
    const partner = poolHints?.partnerPool;
    return {
      role,
      promptTokens: prompt.tokens.length,
      expectedOutputTokens,
      ttftMs: poolHints?.ttftTargetMs ?? null,
      itlMs: poolHints?.itlTargetMs ?? null,
      priority: poolHints?.priority ?? null,
      model: prompt.model ?? null,
      loraName: prompt.loraName ?? null,
      boundPool:
        session === undefined
          ? null
          : (this.#affinity()?.poolOf(`${role} ${session}`, this.#parts.clock.nowMs()) ?? null),
      partnerLabels: partner === undefined ? null : this.#labelsOf(partner),
      requiredLabels: poolHints?.requiredLabels ?? [],
    };
  }

  /** Of a pool as decisions name it: only the outermost part is one of ours. */
  #labelsOf(path: string): readonly string[] | null {
    const [name = ''] = path.split('/');
    return this.#parts.pools.get(name)?.config.labels ?? null;
  }

  #affinity(): SessionPools | null {
    const { affinity } = this.#parts.pools.settings;
    if (affinity === null) this.#sessions = null;
    else this.#sessions ??= new SessionPools(affinity);
    return this.#sessions;
  }

  /** Null when the answers could change nothing. */
  async #probe(
    asked: PoolRequest,
    states: readonly PoolState[],
    request: BestWorkerIdRequest,
  ): Promise<readonly PoolProbe[] | null> {
    const { pools, clock, metrics, prng } = this.#parts;
    const { settings } = pools;
    if (!settings.policies.includes('probe')) return null;
    const nowMs = clock.nowMs();
    const { eligible } = eligiblePools(asked, states, settings, nowMs);
    if (eligible.length < 2) return null;
    // Without probes, who is as good as the first by the policies before them?
    const before = { ...settings, policies: settings.policies.slice(0, settings.policies.indexOf('probe')) };
    const first = choosePool(asked, states, before, { nowMs, probes: null, random: prng });
    if (first.kind === 'none' || first.reason === 'affinity') return null;
    const inCell = first.order.filter((ranked) => ranked.inCell);
    const candidates = inCell.length > 0 ? inCell : first.order;
    if (candidates.length < 2) return null;
    const links = candidates.flatMap(({ pool }) => pools.get(pool) ?? []);
    return await probePools(links, request, { deadlineMs: settings.probe.deadlineMs, clock, metrics });
  }
}
