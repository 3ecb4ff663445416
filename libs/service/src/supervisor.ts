import { systemClock } from './clock.js';
import type { Clock } from './clock.js';
import type { Component, DrainReport } from './component.js';
import type { Logger } from './logger.js';

export type SupervisorState = 'idle' | 'starting' | 'running' | 'draining' | 'closed' | 'failed';

/**
 * Starts components in order and stops them in reverse, as one component. Logs each transition once.
 * A component that fails to start closes those before it; one that fails to close does not keep the others open.
 */
export class Supervisor implements Component {
  readonly name: string;
  readonly #components: readonly Component[];
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #started: Component[] = [];
  #state: SupervisorState = 'idle';
  #draining: Promise<DrainReport> | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: {
    readonly name: string;
    /** In starting order. */
    readonly components: readonly Component[];
    readonly logger: Logger;
    readonly clock?: Clock;
  }) {
    this.name = options.name;
    this.#components = options.components;
    this.#logger = options.logger;
    this.#clock = options.clock ?? systemClock;
  }

  get state(): SupervisorState {
    return this.#state;
  }

  /** @throws what the failing component threw; all others are closed by then. TypeError when it was started before. */
  async start(signal: AbortSignal): Promise<void> {
    if (this.#state !== 'idle') throw new TypeError(`Cannot start ${this.name}: it is ${this.#state}`);
    this.#enter('starting');
    try {
      for (const component of this.#components) {
        signal.throwIfAborted();
        await component.start(signal);
        this.#started.push(component);
      }
      signal.throwIfAborted();
    } catch (error) {
      await this.close();
      this.#enter('failed');
      throw error;
    }
    this.#enter('running');
  }

  /** Lets every component say that it is going. */
  async leave(): Promise<void> {
    await Promise.all(this.#started.map(async (component) => component.leave?.()));
  }

  /** Drains in reverse order within one deadline; what is left of it is what the next component gets. */
  drain(deadlineMs: number): Promise<DrainReport> {
    if (this.#state !== 'running' && this.#draining === null)
      return Promise.resolve({ abandonedRequests: 0 });
    this.#draining ??= this.#drain(deadlineMs);
    return this.#draining;
  }

  /** Closes in reverse order. @throws AggregateError with what components threw, after all were closed. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #drain(deadlineMs: number): Promise<DrainReport> {
    this.#enter('draining');
    const endMs = this.#clock.nowMs() + deadlineMs;
    let abandonedRequests = 0;
    for (const component of this.#started.toReversed()) {
      const report = await component.drain(Math.max(0, endMs - this.#clock.nowMs()));
      abandonedRequests += report.abandonedRequests;
    }
    return { abandonedRequests };
  }

  async #close(): Promise<void> {
    const failures: unknown[] = [];
    for (const component of this.#started.toReversed()) {
      try {
        await component.close();
      } catch (error) {
        failures.push(error);
      }
    }
    this.#enter('closed');
    if (failures.length > 0) throw new AggregateError(failures, `Cannot close all of ${this.name}`);
  }

  #enter(state: SupervisorState): void {
    this.#state = state;
    this.#logger.debug({ component: this.name, state }, 'component state');
  }
}
