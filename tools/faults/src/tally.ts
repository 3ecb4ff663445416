import { isHung, judge } from './answer.js';
import type { Received, Verdict } from './answer.js';
import type { Cell } from './cells.js';

/** What became of the requests of one cell. */
export interface Tally {
  readonly asked: number;
  readonly right: number;
  readonly refused: number;
  readonly broken: number;
  readonly truncated: number;
  readonly wrong: number;
  readonly hung: number;
  /** Reasons of what was refused or broken, and how often each. */
  readonly reasons: ReadonlyMap<string, number>;
}

export interface CellResult {
  readonly cell: Cell;
  readonly tally: Tally;
  /** Answers that were under way at the faulty processes when the fault came. */
  readonly underWay: number;
  /** What was not as before 30 s after the end; empty when all was. */
  readonly unsettled: readonly string[];
}

const REASON_CHARACTERS_MAX = 120;

/** Counts what became of requests. */
export class Tallies {
  readonly #verdicts = new Map<Verdict, number>();
  readonly #reasons = new Map<string, number>();
  #asked = 0;
  #hung = 0;

  get asked(): number {
    return this.#asked;
  }

  add(received: Received, expected: string): void {
    const verdict = judge(received, expected);
    this.#asked += 1;
    this.#verdicts.set(verdict, this.#of(verdict) + 1);
    if (isHung(received)) this.#hung += 1;
    if (verdict === 'right') return;
    const why = received.error ?? (received.status === null ? 'no head' : `status ${received.status}`);
    const reason = `${verdict}: ${why}`.slice(0, REASON_CHARACTERS_MAX);
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
  }

  tally(): Tally {
    return {
      asked: this.#asked,
      right: this.#of('right'),
      refused: this.#of('refused'),
      broken: this.#of('broken'),
      truncated: this.#of('truncated'),
      wrong: this.#of('wrong'),
      hung: this.#hung,
      reasons: new Map(this.#reasons),
    };
  }

  #of(verdict: Verdict): number {
    return this.#verdicts.get(verdict) ?? 0;
  }
}

/** Why a cell does not hold; empty when it does. */
export function problemsOf({ cell, tally, underWay, unsettled }: CellResult): readonly string[] {
  const problems = [...unsettled];
  for (const kind of ['wrong', 'truncated', 'hung'] as const)
    if (tally[kind] > 0) problems.push(`${tally[kind]} ${kind}`);
  const lost = tally.refused + tally.broken;
  if (cell.allows === 'nothing' && lost > 0) problems.push(`${lost} lost, none may be`);
  if (cell.allows === 'underWay' && lost > underWay)
    problems.push(`${lost} lost, ${underWay} were under way there`);
  if (tally.right === 0) problems.push('none was answered');
  return problems;
}
