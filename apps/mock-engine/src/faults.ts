import type { CancelTimer, Clock } from '@kvasir/service';

/** What is wrong with the engine. */
export type Fault =
  | { readonly kind: 'none' }
  /** Computes `factor` times slower. */
  | { readonly kind: 'slow'; readonly factor: number }
  /** Answers nothing, not even a probe, and computes nothing. */
  | { readonly kind: 'hang' }
  /** Says no to every new request. */
  | { readonly kind: 'refuse' }
  /** Is gone at once, like a process that was killed. */
  | { readonly kind: 'crash' };

export type FaultOrder =
  | {
      readonly kind: 'ok';
      readonly fault: Fault;
      /** After which all is well again; null for good. */
      readonly durationMs: number | null;
    }
  | { readonly kind: 'invalid'; readonly message: string };

const SLOW_FACTOR_DEFAULT = 10;
const KINDS = ['none', 'slow', 'hang', 'refuse', 'crash'] as const;

/** Reads a body of `POST /faults`: `{"kind": …, "factor"?: …, "durationMs"?: …}`. */
export function readFaultOrder(body: unknown): FaultOrder {
  const fields = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
  const kind = KINDS.find((name) => name === fields['kind']);
  if (kind === undefined)
    return invalid(`'kind' must be one of ${KINDS.join(', ')}, received ${JSON.stringify(fields['kind'])}`);
  const factor = fields['factor'] ?? SLOW_FACTOR_DEFAULT;
  if (typeof factor !== 'number' || !(factor >= 1))
    return invalid(`'factor' must be a number of at least 1, received ${JSON.stringify(factor)}`);
  const durationMs = fields['durationMs'] ?? null;
  if (durationMs !== null && (typeof durationMs !== 'number' || !(durationMs > 0)))
    return invalid(`'durationMs' must be a number of ms above 0, received ${JSON.stringify(durationMs)}`);
  if (kind === 'crash' && durationMs !== null)
    return invalid(`'durationMs' cannot be given with crash: a crashed engine does not come back by itself`);
  return { kind: 'ok', fault: kind === 'slow' ? { kind, factor } : { kind }, durationMs };
}

function invalid(message: string): FaultOrder {
  return { kind: 'invalid', message };
}

/** The fault that is on, and who waits for it to be over. */
export class FaultSwitch {
  readonly #clock: Clock;
  readonly #changed: (fault: Fault) => void;
  #fault: Fault = { kind: 'none' };
  #cancelEnd: CancelTimer | null = null;
  #waiting: (() => void)[] = [];

  /** @param changed called with every new fault. */
  constructor(clock: Clock, changed: (fault: Fault) => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  get fault(): Fault {
    return this.#fault;
  }

  set(fault: Fault, durationMs: number | null): void {
    this.#cancelEnd?.();
    this.#cancelEnd =
      durationMs === null ? null : this.#clock.after(durationMs, () => this.set({ kind: 'none' }, null));
    this.#fault = fault;
    this.#changed(fault);
    if (fault.kind === 'hang') return;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Resolves once the engine does not hang (any more). */
  async responsive(): Promise<void> {
    if (this.#fault.kind !== 'hang') return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
