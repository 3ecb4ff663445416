import type { EndpointName } from '@kvasir/contract';
import type { CancelTimer, Clock } from '@kvasir/service';
import { EMPTY_VIEW, makeView } from '../endpoint-view.js';
import { refusalReason } from './run-script.js';
import type { Entry } from '../entries.js';
import type { LapsedWorkers } from '../lapsed-workers.js';
import type { EndpointView } from '../registry.js';
import type { EnvelopeReading } from './envelope.js';
import type { Listing, RedisEndpoint } from './redis-endpoint.js';

/** Records this long past their deadline are cleared away by whoever reads. */
export const CLEAR_AFTER_MS = 60_000;

/** Notices that come sooner after one another than this cause one reading: anybody may send them. */
export const NOTICED_MS_MIN = 20;

export interface EndpointReaderOptions {
  readonly endpoint: EndpointName;
  readonly store: RedisEndpoint;
  readonly clock: Clock;
  /** What stands under an id, when it is believed; tells of what is not. */
  readonly read: (id: string, text: string) => EnvelopeReading;
  /** A record is too long to be read. */
  readonly unread: (id: string) => void;
  /** How often the list is read when nobody says that it has changed. */
  readonly relistMs: number;
  /** How long after an outage records stay that are not there or past their deadline: their owners could not renew either. */
  readonly graceMs: number;
  /** Asks engines whose leases have lapsed; absent gives them up at their deadline. */
  readonly lapsed?: ((changed: () => void) => LapsedWorkers) | undefined;
  /** Called after every change of the view. */
  readonly changed: () => void;
}

/**
 * Follows the records of one endpoint: reads the list every `relistMs`, when told, and at every deadline, and drops who is past it then. While Redis is away
 * the last view is kept as it is, and after that for `graceMs` whatever was in it.
 */
export class EndpointReader {
  readonly #options: EndpointReaderOptions;
  readonly #cancelPolling: CancelTimer;
  readonly #entries = new Map<string, Entry>();
  /** By this process's clock. */
  readonly #deadlinesMs = new Map<string, number>();
  readonly #lapsed: LapsedWorkers | null;
  /** Ids in the last view. */
  #living: ReadonlySet<string> = new Set();
  #version = '';
  #view: EndpointView | null = null;
  #shown = '';
  #lost: { readonly sinceMs: number; readonly reason: string } | null = null;
  #cancelNoticed: CancelTimer | null = null;
  #graceUntilMs = 0;
  #cancelExpiry: CancelTimer | null = null;
  #isReading = false;
  #isStale = false;
  #isClosed = false;

  constructor(options: EndpointReaderOptions) {
    this.#options = options;
    this.#lapsed = options.lapsed?.(() => this.#show()) ?? null;
    this.#cancelPolling = options.clock.every(options.relistMs, () => this.poke());
    this.poke();
  }

  /** Null until the list was read once. */
  get view(): EndpointView | null {
    return this.#view;
  }

  /** Since when the list cannot be read, and why; null when it can. */
  get lost(): { readonly sinceMs: number; readonly reason: string } | null {
    return this.#lost;
  }

  /** Somebody says that the list has changed: it is read soon. */
  noticed(): void {
    if (this.#isClosed) return;
    this.#cancelNoticed ??= this.#options.clock.after(NOTICED_MS_MIN, () => {
      this.#cancelNoticed = null;
      this.poke();
    });
  }

  /** Reads the list now, once more when it is being read already. */
  poke(): void {
    this.#isStale = true;
    if (this.#isReading || this.#isClosed) return;
    this.#isReading = true;
    void this.#readWhileStale();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelPolling();
    this.#cancelExpiry?.();
    this.#cancelNoticed?.();
    this.#lapsed?.close();
  }

  async #readWhileStale(): Promise<void> {
    while (this.#isStale && !this.#isClosed) {
      this.#isStale = false;
      try {
        this.#take(await this.#options.store.list(this.#version, CLEAR_AFTER_MS));
      } catch (error) {
        this.#noteLost(error);
      }
    }
    this.#isReading = false;
  }

  #noteLost(error: unknown): void {
    if (this.#isClosed) return;
    this.#lost ??= { sinceMs: this.#options.clock.nowMs(), reason: refusalReason(error) };
    this.#cancelExpiry?.();
    this.#show();
  }

  #take(listing: Listing): void {
    if (this.#isClosed) return;
    const { clock, graceMs } = this.#options;
    const nowMs = clock.nowMs();
    // A version that went back is a store that has lost everything: its owners come back one after the other.
    if (this.#lost !== null || Number(listing.version) < Number(this.#version))
      this.#graceUntilMs = nowMs + graceMs;
    this.#lost = null;
    this.#version = listing.version;
    const isGrace = nowMs < this.#graceUntilMs;
    for (const id of listing.unread) this.#options.unread(id);
    if (listing.records !== null) this.#takeRecords(listing.records, isGrace);
    for (const [id, deadlineMs] of listing.deadlinesMs)
      this.#deadlinesMs.set(id, nowMs + deadlineMs - listing.nowMs);
    this.#show();
  }

  #takeRecords(records: ReadonlyMap<string, string>, isGrace: boolean): void {
    if (!isGrace) {
      for (const [id, entry] of this.#entries)
        if (entry.kind === 'worker' && !records.has(id)) this.#lapsed?.forget(entry.record.workerId);
      this.#entries.clear();
      this.#deadlinesMs.clear();
    }
    for (const [id, text] of records) {
      const reading = this.#options.read(id, text);
      if (reading.kind === 'entry') this.#entries.set(id, reading.entry);
      // Whoever stood there before does no longer.
      else this.#entries.delete(id);
    }
  }

  /** Makes the view anew when it differs from the last one. */
  #show(): void {
    const { clock, endpoint, changed } = this.#options;
    const nowMs = clock.nowMs();
    const isFresh = this.#lost === null;
    const isKept = !isFresh || nowMs < this.#graceUntilMs;
    const living = [...this.#entries].filter(([id, entry]) => isKept || this.#isAlive(id, entry, nowMs));
    this.#living = new Set(living.map(([id]) => id));
    const shown = `${this.#version} ${isFresh} ${living.map(([id]) => id).join(' ')}`;
    this.#scheduleExpiry(isFresh, nowMs);
    if (this.#view !== null && shown === this.#shown) return;
    // Nothing is known before the first list, not even that nobody is there.
    if (this.#view === null && !isFresh) return;
    this.#shown = shown;
    this.#view = living.length === 0 && isFresh ? EMPTY_VIEW : makeView(endpoint, living, isFresh);
    changed();
  }

  #isAlive(id: string, entry: Entry, nowMs: number): boolean {
    const deadlineMs = this.#deadlinesMs.get(id) ?? -Infinity;
    if (entry.kind !== 'worker' || this.#lapsed === null) return deadlineMs > nowMs;
    if (deadlineMs <= nowMs) return this.#lapsed.keeps(entry.record, deadlineMs, this.#living.has(id));
    this.#lapsed.forget(entry.record.workerId);
    return true;
  }

  #scheduleExpiry(isFresh: boolean, nowMs: number): void {
    this.#cancelExpiry?.();
    this.#cancelExpiry = null;
    if (!isFresh) return;
    const next = Math.min(...[...this.#deadlinesMs.values()].filter((deadlineMs) => deadlineMs > nowMs));
    const wakeMs = Math.max(next, this.#graceUntilMs);
    if (wakeMs === Infinity || wakeMs <= nowMs) return;
    // Read again before anybody is dropped: the lease was perhaps renewed since.
    this.#cancelExpiry = this.#options.clock.after(wakeMs - nowMs + 1, () => this.poke());
  }
}
