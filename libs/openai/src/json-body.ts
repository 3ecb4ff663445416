import type { JsonMember } from './json-members.js';

/** Longest member that is made a value here, in bytes; longer ones are for who needs them, elsewhere than on the event loop. */
export const FIELD_BYTES_MAX = 65_536;

/** A JSON object as it came, checked to be one; values are made of it one by one, when they are asked for. */
export interface JsonBody {
  /** Owned by the body; not to be changed. */
  readonly bytes: Buffer;
  /** Where each top-level member lies, in order, equal keys included. */
  members(): readonly JsonMember[];
  /** True when there is a member of this name, null or not. */
  has(name: string): boolean;
  /** The bytes of a member's value (of equal keys the last one's), a view; null when there is none. */
  raw(name: string): Buffer | null;
  /**
   * A member's value; undefined when there is none.
   * @throws RangeError when it is longer than `FIELD_BYTES_MAX`: see `raw`.
   */
  value(name: string): unknown;
}

/** The body that a walk has found these members in. */
export class WalkedBody implements JsonBody {
  readonly bytes: Buffer;
  readonly #members: readonly JsonMember[];
  readonly #byName: ReadonlyMap<string, JsonMember>;
  readonly #values = new Map<string, unknown>();

  constructor(bytes: Buffer, members: readonly JsonMember[]) {
    this.bytes = bytes;
    this.#members = members;
    this.#byName = new Map(members.map((member) => [member.key, member]));
  }

  members(): readonly JsonMember[] {
    return this.#members;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  raw(name: string): Buffer | null {
    const member = this.#byName.get(name);
    return member === undefined ? null : this.bytes.subarray(member.valueStart, member.valueEnd);
  }

  value(name: string): unknown {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const raw = this.raw(name);
    if (raw === null) return undefined;
    if (raw.length > FIELD_BYTES_MAX) {
      throw new RangeError(`Cannot make a value of '${name}': it has ${raw.length} bytes`);
    }
    const value: unknown = JSON.parse(raw.toString('utf8'));
    this.#values.set(name, value);
    return value;
  }
}
