/** What one check found. */
export interface Finding {
  readonly scene: string;
  readonly check: string;
  /** Things that were compared, and how many of them were as they should be. */
  readonly compared: number;
  readonly equal: number;
  /** What else is worth knowing, e.g. how much was cached. */
  readonly note: string;
  /** The first few differences. */
  readonly differences: readonly string[];
}

const DIFFERENCES_MAX = 5;

/** Collects comparisons of one check. */
export class Comparisons {
  #compared = 0;
  #equal = 0;
  readonly #differences: string[] = [];

  same(what: string, expected: unknown, seen: unknown): void {
    this.#compared += 1;
    if (expected === seen) this.#equal += 1;
    else if (this.#differences.length < DIFFERENCES_MAX)
      this.#differences.push(`${what}: expected ${String(expected)}, saw ${String(seen)}`);
  }

  finding(scene: string, check: string, note: string): Finding {
    const differences = [...this.#differences];
    return { scene, check, compared: this.#compared, equal: this.#equal, note, differences };
  }
}

/** True when something was compared and nothing differs. */
export function holds({ compared, equal }: Finding): boolean {
  return compared > 0 && compared === equal;
}

export function formatFindings(findings: readonly Finding[]): string {
  const lines = findings.map((finding) => {
    const { scene, check, compared, equal, note, differences } = finding;
    const mark = holds(finding) ? 'ok  ' : 'FAIL';
    const line = `${mark} ${scene.padEnd(14)}${check.padEnd(30)}${`${equal} of ${compared}`.padStart(12)}  ${note}`;
    return [line.trimEnd(), ...differences.map((difference) => `       ${difference.slice(0, 300)}`)].join(
      '\n',
    );
  });
  return `${lines.join('\n')}\n`;
}
