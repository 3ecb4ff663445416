import { subjectKind } from '@kvasir/contract';
import type { SubjectKind } from '@kvasir/contract';
import type { MessageFault } from '@kvasir/event-plane';
import type { BadRecord } from '@kvasir/registry';
import type { WatchedPlanes } from '@kvasir/self-check';
import { createMetrics } from '@kvasir/service';
import type { Clock, Counter, Logger, Metrics } from '@kvasir/service';

/** The same is told again after so long, with how often it has happened meanwhile. */
const TELL_AGAIN_MS = 60_000;
/** How long the self-check speaks of a refused message. */
const RECENT_MS = 60_000;

/** Counts and tells of what was not believed: messages, records and workers' addresses. */
export class PlaneRefusals {
  readonly metrics: Metrics = createMetrics('planes');
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #messages: Counter<'subject' | 'fault'>;
  readonly #records: Counter<'kind'>;
  readonly #workers: Counter<'reason'>;
  /** Refused messages of the last while, by kind and fault. */
  readonly #recent = new Map<
    string,
    { readonly kind: string; readonly fault: string; lastMs: number; count: number }
  >();
  readonly #told = new Map<string, { atMs: number; since: number }>();

  constructor(parts: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#messages = this.metrics.counter({
      name: 'kvasir_planes_refused_messages_total',
      help: 'Messages whose seal is missing, wrong or stale, by what their subject carries. While unsealed ones are believed, missing ones are counted too.',
      labels: ['subject', 'fault'],
    });
    this.#records = this.metrics.counter({
      name: 'kvasir_planes_bad_records_total',
      help: 'Records in the registry that are not believed, or were removed because nobody of us can have written them; each once in a while.',
      labels: ['kind'],
    });
    this.#workers = this.metrics.counter({
      name: 'kvasir_planes_refused_workers_total',
      help: 'Workers whose URL is not allowed, each address once.',
      labels: ['reason'],
    });
  }

  message(subject: string, fault: MessageFault): void {
    const kind: SubjectKind = subjectKind(subject);
    this.#messages.inc({ subject: kind, fault });
    this.#note(kind, fault);
    const count = this.#due(`${kind} ${fault}`);
    if (count > 0)
      this.#logger.warn({ subject: kind, fault, count }, 'messages without a seal that is believed');
  }

  /** What was refused in the last minute. */
  recentMessages(): WatchedPlanes['refusedMessages'] {
    const nowMs = this.#clock.nowMs();
    for (const [key, { lastMs }] of this.#recent) if (nowMs - lastMs > RECENT_MS) this.#recent.delete(key);
    return [...this.#recent.values()];
  }

  record(bad: BadRecord): void {
    this.#records.inc({ kind: bad.kind });
    const { namespace, component, endpoint } = bad.endpoint;
    this.#logger.warn(
      { ...bad, endpoint: `${namespace}.${component}.${endpoint}` },
      bad.kind === 'removed' ? 'something in the registry was removed' : 'a record is not believed',
    );
  }

  worker(workerId: string, url: string): void {
    this.#workers.inc({ reason: 'url' });
    this.#logger.warn({ workerId, url }, 'the URL of a worker is not allowed: it gets nothing');
  }

  #note(kind: string, fault: string): void {
    const nowMs = this.#clock.nowMs();
    const key = `${kind} ${fault}`;
    const known = this.#recent.get(key);
    if (known === undefined) this.#recent.set(key, { kind, fault, lastMs: nowMs, count: 1 });
    else {
      known.lastMs = nowMs;
      known.count += 1;
    }
  }

  /** How often it has happened since it was told before; 0 when it is not to be told now. */
  #due(what: string): number {
    const nowMs = this.#clock.nowMs();
    const told = this.#told.get(what) ?? { atMs: -Infinity, since: 0 };
    told.since += 1;
    this.#told.set(what, told);
    if (nowMs - told.atMs < TELL_AGAIN_MS) return 0;
    const { since } = told;
    this.#told.set(what, { atMs: nowMs, since: 0 });
    return since;
  }
}
