import type { EventPlane, PlaneHealth } from '@kvasir/event-plane';
import type { Registry, RegistryHealth } from '@kvasir/registry';
import type { CancelTimer, Clock, Logger } from '@kvasir/service';

/** How often both are looked at; they tell nobody by themselves. */
const WATCH_PERIOD_MS = 500;

/** Says in the log when NATS or Redis is lost and when it is back: serving goes on meanwhile with what was known. */
export class PlaneWatch {
  readonly #logger: Logger;
  readonly #cancel: CancelTimer;
  readonly #lost = new Set<string>();

  constructor(parts: {
    readonly eventPlane: EventPlane;
    readonly registry: Registry;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    const { eventPlane, registry, clock } = parts;
    this.#logger = parts.logger;
    this.#cancel = clock.every(WATCH_PERIOD_MS, () => {
      this.#look('event plane', eventPlane.health());
      this.#look('registry', registry.health());
    });
  }

  close(): void {
    this.#cancel();
  }

  #look(what: string, health: PlaneHealth | RegistryHealth): void {
    if (health.kind === 'connected') {
      if (this.#lost.delete(what)) this.#logger.info({ plane: what }, 'connected again');
      return;
    }
    if (this.#lost.has(what)) return;
    this.#lost.add(what);
    this.#logger.warn({ plane: what, reason: health.reason }, 'connection lost, going on with what is known');
  }
}
