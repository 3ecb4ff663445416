import { formatEndpointName } from '@kvasir/contract';
import type { EndpointName } from '@kvasir/contract';
import type { Clock } from '@kvasir/service';

/** Why something in the store is not believed; for counting. */
export type BadRecordKind =
  /** No record of this version. */
  | 'unreadable'
  /** Carries no seal although one is asked for. */
  | 'unsealed'
  /** Carries a seal that nobody with the secret made for it, here. */
  | 'wrongSeal'
  /** Nobody of us can have written it: it was removed. */
  | 'removed';

/** Something in the store that is not believed. Whoever else is registered is not affected. */
export interface BadRecord {
  readonly kind: BadRecordKind;
  readonly endpoint: EndpointName;
  /** Of the record, or the key; at most 200 characters. */
  readonly id: string;
  readonly reason: string;
}

/** The same is told again after so long. */
const TELL_AGAIN_MS = 600_000;
/** Different ones that are remembered; beyond it, they are told again sooner. */
const REMEMBERED_MAX = 1_024;
const SHOWN_CHARS_MAX = 200;

/** Tells of each bad record once in a while, however often it is read. */
export class BadRecords {
  readonly #clock: Clock;
  readonly #tell: (bad: BadRecord) => void;
  readonly #toldAtMs = new Map<string, number>();

  constructor(clock: Clock, tell: (bad: BadRecord) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  found({ kind, endpoint, id, reason }: BadRecord): void {
    const nowMs = this.#clock.nowMs();
    const shown = {
      kind,
      endpoint,
      id: id.slice(0, SHOWN_CHARS_MAX),
      reason: reason.slice(0, SHOWN_CHARS_MAX),
    };
    const key = `${kind} ${formatEndpointName(endpoint)} ${shown.id} ${shown.reason}`;
    if (nowMs - (this.#toldAtMs.get(key) ?? -Infinity) < TELL_AGAIN_MS) return;
    if (this.#toldAtMs.size >= REMEMBERED_MAX) this.#toldAtMs.clear();
    this.#toldAtMs.set(key, nowMs);
    this.#tell(shown);
  }
}
