import type { IncomingHttpHeaders } from 'node:http';
import type { Logger } from '@kvasir/service';

/**
 * What of a client's headers goes on to its worker. `Authorization` goes only to workers that are known to be ours: anybody else could collect keys by
 * registering. That it was left out is told once.
 */
export class ForwardedHeaders {
  readonly #names: readonly string[];
  readonly #trustsWorkers: boolean;
  readonly #logger: Logger;
  #isTold = false;

  /** @param parts `names` in lower case. */
  constructor(parts: {
    readonly names: readonly string[];
    readonly trustsWorkers: boolean;
    readonly logger: Logger;
  }) {
    this.#names = parts.names;
    this.#trustsWorkers = parts.trustsWorkers;
    this.#logger = parts.logger;
  }

  /** Names and values, one after the other. */
  of(headers: IncomingHttpHeaders): readonly string[] {
    const found: string[] = [];
    for (const name of this.#names) {
      const value = headers[name];
      if (typeof value !== 'string') continue;
      if (name === 'authorization' && !this.#trustsWorkers) this.#tell();
      else found.push(name, value);
    }
    return found;
  }

  #tell(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#logger.warn(
      'a client’s Authorization is not passed on: workers’ records are not authenticated (--plane-secret-file)',
    );
  }
}
