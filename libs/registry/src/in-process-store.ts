import { formatEndpointName } from '@kvasir/contract';
import type { EndpointName } from '@kvasir/contract';
import type { CancelTimer, Clock } from '@kvasir/service';
import { EMPTY_VIEW, makeView } from './endpoint-view.js';
import { fencing, idOf, nameOf, noRoom, termsOf } from './entries.js';
import type { Entry } from './entries.js';
import { disagreement, poolOf } from './pool-agreement.js';
import type { EndpointView, Refusal } from './registry.js';

export interface RegistryLimits {
  /** Workers, routers and claims of one endpoint. */
  readonly recordsPerEndpointMax: number;
}

interface EndpointState {
  readonly endpoint: EndpointName;
  readonly entries: Map<string, Entry>;
  /** Made when it is asked for, dropped at every change. */
  view: EndpointView | null;
}

/**
 * What an in-process registry knows: entries by endpoint, each until its deadline. One timer waits for the earliest deadline; entries past theirs
 * are dropped then, and listeners are told of every endpoint that has changed.
 */
export class InProcessStore {
  readonly #clock: Clock;
  readonly #limits: RegistryLimits;
  readonly #endpoints = new Map<string, EndpointState>();
  readonly #listeners = new Set<(endpoint: EndpointName) => void>();
  #sweep: { readonly atMs: number; readonly cancel: CancelTimer } | null = null;

  constructor(clock: Clock, limits: RegistryLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Calls back synchronously after each change. */
  listen(changed: (endpoint: EndpointName) => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  /** Adds an entry, in place of one with the same id, or says why not. */
  put(entry: Entry): Refusal | null {
    const { endpoint } = entry.record;
    const refusal = this.#refusal(entry);
    // Members that are past their deadline have no say. Asked only now: a stalled owner must not lose its record to a newcomer that agrees.
    if (refusal !== null && (!this.#dropExpired(endpoint) || this.#refusal(entry) !== null)) return refusal;
    this.#state(endpoint).entries.set(idOf(entry), entry);
    this.#changed(endpoint);
    this.#scheduleSweep(entry.deadlineMs);
    return null;
  }

  /** The entry that stands under the same id now. */
  current(entry: Entry): Entry | null {
    return this.#endpoints.get(formatEndpointName(entry.record.endpoint))?.entries.get(idOf(entry)) ?? null;
  }

  /** Gives an entry another deadline. */
  keepUntil(entry: Entry, deadlineMs: number): void {
    entry.deadlineMs = deadlineMs;
    this.#scheduleSweep(deadlineMs);
  }

  /** Tells listeners that a held entry has another record. */
  touch(entry: Entry): void {
    this.#changed(entry.record.endpoint);
  }

  /** Removes the entry when it is the one that stands. */
  remove(entry: Entry): void {
    if (this.current(entry) !== entry) return;
    const { endpoint } = entry.record;
    this.#state(endpoint).entries.delete(idOf(entry));
    this.#changed(endpoint);
  }

  view(endpoint: EndpointName): EndpointView {
    const state = this.#endpoints.get(formatEndpointName(endpoint));
    if (state === undefined) return EMPTY_VIEW;
    state.view ??= makeView(state.endpoint, state.entries);
    return state.view;
  }

  /** Endpoints of a namespace that have a pool, by name. */
  endpoints(namespace: string): readonly EndpointName[] {
    const names = [...this.#endpoints.keys()].sort();
    return names.flatMap((name) => {
      const endpoint = this.#endpoints.get(name)?.endpoint;
      if (endpoint?.namespace !== namespace) return [];
      return this.view(endpoint).pool === null ? [] : [endpoint];
    });
  }

  #refusal(entry: Entry): Refusal | null {
    const state = this.#endpoints.get(formatEndpointName(entry.record.endpoint));
    const standing = state?.entries.get(idOf(entry));
    const fenced = fencing(entry, standing ?? null);
    if (fenced !== null) return fenced;
    const others = [...(state?.entries.values() ?? [])].filter((other) => other !== standing);
    if (others.length >= this.#limits.recordsPerEndpointMax) return noRoom(entry, others.length);
    const terms = termsOf(entry);
    return terms === null
      ? null
      : disagreement(
          poolOf(
            entry.record.endpoint,
            others.flatMap((other) => termsOf(other) ?? []),
          ),
          nameOf(entry),
          terms,
        );
  }

  #dropExpired(endpoint: EndpointName): boolean {
    const state = this.#endpoints.get(formatEndpointName(endpoint));
    let hasDropped = false;
    for (const [key, entry] of state?.entries ?? []) {
      if (entry.deadlineMs > this.#clock.nowMs()) continue;
      state?.entries.delete(key);
      hasDropped = true;
    }
    if (hasDropped) this.#changed(endpoint);
    return hasDropped;
  }

  #scheduleSweep(deadlineMs: number): void {
    if (this.#sweep !== null && this.#sweep.atMs <= deadlineMs) return;
    this.#sweep?.cancel();
    const cancel = this.#clock.after(deadlineMs - this.#clock.nowMs(), () => {
      this.#sweep = null;
      this.#sweepAll();
    });
    this.#sweep = { atMs: deadlineMs, cancel };
  }

  #sweepAll(): void {
    for (const { endpoint } of [...this.#endpoints.values()]) this.#dropExpired(endpoint);
    let earliestMs = Infinity;
    for (const { entries } of this.#endpoints.values())
      for (const { deadlineMs } of entries.values()) earliestMs = Math.min(earliestMs, deadlineMs);
    if (earliestMs < Infinity) this.#scheduleSweep(earliestMs);
  }

  #state(endpoint: EndpointName): EndpointState {
    const name = formatEndpointName(endpoint);
    const known = this.#endpoints.get(name);
    if (known !== undefined) return known;
    const state: EndpointState = { endpoint, entries: new Map(), view: null };
    this.#endpoints.set(name, state);
    return state;
  }

  #changed(endpoint: EndpointName): void {
    const name = formatEndpointName(endpoint);
    const state = this.#endpoints.get(name);
    if (state?.entries.size === 0) this.#endpoints.delete(name);
    else if (state !== undefined) state.view = null;
    if (this.#endpoints.size === 0) {
      this.#sweep?.cancel();
      this.#sweep = null;
    }
    for (const listener of [...this.#listeners]) listener(endpoint);
  }
}
