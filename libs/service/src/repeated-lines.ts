/** How long the same warning is withheld after it was told. */
export const REPEAT_PERIOD_MS = 10_000;
/** Warnings that are told apart at a time; those that were told longest ago are forgotten beyond. */
export const REPEATED_LINES_MAX = 1_024;

/** Fields that make two warnings of one message different ones. */
const KEY_FIELDS = ['workerId', 'leg', 'code', 'reason', 'address', 'subject', 'endpoint', 'path', 'model'];
const KEY_FIELD_LENGTH_MAX = 128;

interface Told {
  atMs: number;
  withheld: number;
}

/** Counts warnings that repeat: each is told at most once in a period, and the next one tells how many were not. */
export class RepeatedLines {
  readonly #nowMs: () => number;
  /** By message and fields, in the order in which they were told. */
  readonly #told = new Map<string, Told>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** @returns how many of them were withheld since it was told last; null when this one is to be withheld too. */
  tell(message: string, fields: Readonly<Record<string, unknown>>): number | null {
    const key = keyOf(message, fields);
    const nowMs = this.#nowMs();
    const told = this.#told.get(key);
    if (told !== undefined && nowMs - told.atMs < REPEAT_PERIOD_MS) {
      told.withheld += 1;
      return null;
    }
    this.#told.delete(key);
    this.#told.set(key, { atMs: nowMs, withheld: 0 });
    if (this.#told.size > REPEATED_LINES_MAX) this.#forgetOldest();
    return told?.withheld ?? 0;
  }

  #forgetOldest(): void {
    for (const key of this.#told.keys()) {
      this.#told.delete(key);
      return;
    }
  }
}

function keyOf(message: string, fields: Readonly<Record<string, unknown>>): string {
  let key = message;
  for (const name of KEY_FIELDS) {
    const value = fields[name];
    if (typeof value === 'string') key += `\n${name} ${value.slice(0, KEY_FIELD_LENGTH_MAX)}`;
  }
  return key;
}
