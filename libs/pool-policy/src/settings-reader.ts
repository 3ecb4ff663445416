type Fields = Readonly<Record<string, unknown>>;

/** Reads a tree of plain values and collects what is wrong with it, each problem with its place. */
export class SettingsReader {
  readonly problems: string[] = [];

  /** Null, and a problem, for anything but an object. @param known its keys; others are problems. */
  object(value: unknown, at: string, known: readonly string[]): Fields | null {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.wrong(at, 'must be an object', value);
      return null;
    }
    for (const key of Object.keys(value)) {
      if (known.includes(key)) continue;
      const near = known.find((name) => isNear(name, key));
      this.problems.push(
        `${join(at, key)} is not known${near === undefined ? '' : `; did you mean ${near}?`}`,
      );
    }
    return value as Fields;
  }

  list(value: unknown, at: string): readonly unknown[] {
    if (Array.isArray(value)) return value as unknown[];
    this.wrong(at, 'must be a list', value);
    return [];
  }

  text(value: unknown, at: string): string {
    if (typeof value === 'string' && value !== '') return value;
    this.wrong(at, 'must be text', value);
    return '';
  }

  texts(value: unknown, at: string): readonly string[] {
    return this.list(value, at).map((item, index) => this.text(item, `${at}[${index}]`));
  }

  number(value: unknown, at: string, range: NumberRange = ANY): number {
    if (typeof value === 'number' && Number.isFinite(value) && range[1](value)) return value;
    this.wrong(at, `must be a number${range[0] === '' ? '' : ` ${range[0]}`}`, value);
    return 1;
  }

  integer(value: unknown, at: string, min = Number.MIN_SAFE_INTEGER): number {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min) return value;
    this.wrong(
      at,
      min === Number.MIN_SAFE_INTEGER ? 'must be a whole number' : `must be a whole number from ${min}`,
      value,
    );
    return Math.max(min, 0);
  }

  choice<Choice extends string>(value: unknown, at: string, choices: readonly [Choice, ...Choice[]]): Choice {
    const found = choices.find((choice) => choice === value);
    if (found === undefined) this.wrong(at, `must be ${choices.join(', ')}`, value);
    return found ?? choices[0];
  }

  wrong(at: string, wanted: string, value: unknown): void {
    const received = value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80);
    this.problems.push(`${at === '' ? 'the configuration' : at} ${wanted}, received ${received}`);
  }
}

/** What a number must be, in words and as a test. */
export type NumberRange = readonly [string, (value: number) => boolean];

export const ABOVE_ZERO: NumberRange = ['above 0', (value: number): boolean => value > 0];
const ANY: NumberRange = ['', (): boolean => true];

/** `a` and `b` as `a.b`. */
export const join = (at: string, key: string): string => (at === '' ? key : `${at}.${key}`);

/** Equal but for case and punctuation, or one letter more, less or different. */
function isNear(name: string, key: string): boolean {
  const [one, other] = [plain(name), plain(key)];
  if (one === other) return true;
  if (Math.abs(one.length - other.length) > 1) return false;
  let start = 0;
  while (start < one.length && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < one.length - start && end < other.length - start && one.at(-1 - end) === other.at(-1 - end))
    end += 1;
  return Math.max(one.length, other.length) - start - end <= 1;
}

const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');
