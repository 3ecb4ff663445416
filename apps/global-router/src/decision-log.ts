import type { PoolChoice, PoolRole } from '@kvasir/pool-policy';

/** Decisions that are kept to be looked at. */
export const DECISIONS_KEPT = 100;

/** One decision as a person reads it. */
export interface LoggedDecision {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly role: PoolRole;
  readonly requestId: string | null;
  readonly promptTokens: number;
  readonly ttftMs: number | null;
  readonly itlMs: number | null;
  readonly priority: number | null;
  readonly pool: string | null;
  readonly reason: string;
  readonly cell: readonly number[] | null;
  readonly spilledFrom: string | null;
  /** Pools in the order in which they would be tried. */
  readonly order: readonly string[];
  readonly refused: readonly string[];
}

/** The newest decisions, oldest first. */
export class DecisionLog {
  readonly #decisions: LoggedDecision[] = [];

  add(decision: LoggedDecision): void {
    this.#decisions.push(decision);
    if (this.#decisions.length > DECISIONS_KEPT) this.#decisions.shift();
  }

  all(): readonly LoggedDecision[] {
    return this.#decisions;
  }
}

/** What a choice comes to in a log line. */
export function summary(
  choice: PoolChoice,
): Pick<LoggedDecision, 'pool' | 'reason' | 'cell' | 'spilledFrom' | 'order' | 'refused'> {
  const refused = choice.refused
    .filter(({ reason }) => reason !== 'wrongRole')
    .map(({ pool, reason }) => `${pool}: ${reason}`);
  if (choice.kind === 'none')
    return { pool: null, reason: 'none', cell: null, spilledFrom: null, order: [], refused };
  const { order, reason, cell, spilledFrom } = choice;
  return {
    pool: order[0]?.pool ?? null,
    reason,
    cell,
    spilledFrom,
    order: order.map(({ pool }) => pool),
    refused,
  };
}
