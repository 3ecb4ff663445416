import type { WorkerRecord } from '@kvasir/contract';
import type { ApiKey } from '@kvasir/engine-watch';
import { EngineHttp } from '@kvasir/engine-watch';

/** How long a health route may take before a token is asked for. */
const HEALTH_TIMEOUT_MS = 2_000;

/** Asks engines whether they are there, for whoever has not heard of them from their agents. */
export class EngineAsker {
  readonly #http = new EngineHttp();
  readonly #keyOf: (worker: WorkerRecord) => Pick<ApiKey, 'authorization'> | null;

  constructor(keyOf: (worker: WorkerRecord) => Pick<ApiKey, 'authorization'> | null) {
    this.#keyOf = keyOf;
  }

  /** Its health route counts, and when that is silent, whether it generates. */
  async answers(worker: WorkerRecord): Promise<boolean> {
    const { url, dialect, model } = worker;
    const engine = { url, dialect, apiKey: this.#keyOf(worker) };
    const reply = await this.#http.health(engine, HEALTH_TIMEOUT_MS);
    if (reply.kind === 'ok') return true;
    return reply.kind === 'silent' && (await this.#http.generates(engine, model));
  }

  close(): Promise<void> {
    return this.#http.close();
  }
}
