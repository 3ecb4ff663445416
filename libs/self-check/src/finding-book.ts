import { checks } from './checks.js';
import type { Finding } from './finding.js';

/** Findings that are kept at a time; more are counted only. */
export const FINDINGS_MAX = 512;

/** A finding that counts, and since when it was seen. */
export interface StandingFinding extends Finding {
  readonly sinceMs: number;
}

/** What a look has changed. */
export interface BookChange {
  readonly begun: readonly StandingFinding[];
  readonly ended: readonly StandingFinding[];
}

/** Which findings stand: each begins once it was seen for as long as its check asks for, and ends when it is not seen any more. */
export class FindingBook {
  /** By code and subject. */
  #seen = new Map<string, { readonly finding: StandingFinding; readonly hasBegun: boolean }>();
  #leftOut = 0;

  /** Those that count, in the order in which they were given. */
  standing(): readonly StandingFinding[] {
    return [...this.#seen.values()].filter(({ hasBegun }) => hasBegun).map(({ finding }) => finding);
  }

  /** Findings of the last look that were too many. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Takes what is wrong now. A finding that goes on keeps its beginning and gets its new message. */
  look(nowMs: number, findings: readonly Finding[]): BookChange {
    const before = this.#seen;
    const now: typeof before = new Map();
    const begun: StandingFinding[] = [];
    this.#leftOut = 0;
    for (const found of findings) {
      const key = `${found.code}\n${found.subject}`;
      if (now.has(key)) continue;
      if (now.size >= FINDINGS_MAX) {
        this.#leftOut += 1;
        continue;
      }
      const known = before.get(key);
      const finding = { ...found, sinceMs: known?.finding.sinceMs ?? nowMs };
      const hasBegun = nowMs - finding.sinceMs >= checks[found.code].holdMs;
      if (hasBegun && known?.hasBegun !== true) begun.push(finding);
      now.set(key, { finding, hasBegun });
    }
    const ended = [...before].flatMap(([key, { finding, hasBegun }]) =>
      hasBegun && !now.has(key) ? [finding] : [],
    );
    this.#seen = now;
    return { begun, ended };
  }
}
