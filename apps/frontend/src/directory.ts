import type { EndpointName, RouterRecord, WorkerRecord } from '@kvasir/contract';
import { dialectOf } from '@kvasir/engines';
import type { EngineDialect } from '@kvasir/engines';
import type { EndpointView, Registry, RegistryWatch } from '@kvasir/registry';
import type { WorkerId } from '@kvasir/units';

/** Who is alive at one endpoint, as last seen, with what the frontend asks for at every request looked up beforehand. */
export class EndpointDirectory {
  readonly endpoint: EndpointName;
  readonly #registry: Registry;
  readonly #onChange: (directory: EndpointDirectory) => void;
  #watch: RegistryWatch | null = null;
  #workers = new Map<WorkerId, WorkerRecord>();
  #routers: readonly RouterRecord[] = [];
  #serving: readonly WorkerRecord[] = [];
  #model: string | null = null;
  #contextTokensMax = 0;

  constructor(
    registry: Registry,
    endpoint: EndpointName,
    onChange: (directory: EndpointDirectory) => void = () => undefined,
  ) {
    this.#registry = registry;
    this.endpoint = endpoint;
    this.#onChange = onChange;
  }

  start(): void {
    this.#watch = this.#registry.watch(this.endpoint, (view) => this.#apply(view));
  }

  close(): void {
    this.#watch?.close();
  }

  /** Model that the workers serve; null while there is none. */
  get model(): string | null {
    return this.#model;
  }

  /** Workers that take new work, ordered by id. */
  get serving(): readonly WorkerRecord[] {
    return this.#serving;
  }

  /** Routers that take new calls, ordered by id. */
  get routers(): readonly RouterRecord[] {
    return this.#routers;
  }

  /** The shortest context of the workers: any of them may be chosen. */
  get contextTokensMax(): number {
    return this.#contextTokensMax;
  }

  /** Where the model's tokenizer is, if any worker says. */
  get tokenizerPath(): string | null {
    return this.#serving.find(({ tokenizerPath }) => tokenizerPath !== null)?.tokenizerPath ?? null;
  }

  /** How the workers are spoken to (all of a pool alike); null when this version cannot, or while there is none. */
  get dialect(): EngineDialect | null {
    const [first] = this.#serving;
    return first === undefined ? null : dialectOf(first.dialect);
  }

  worker(id: WorkerId): WorkerRecord | null {
    return this.#workers.get(id) ?? null;
  }

  /** True while a worker takes work for this model. */
  serves(model: string): boolean {
    return this.#model === model && this.#serving.length > 0;
  }

  /** The rank to ask a worker for; null when it has only one. */
  rankOf(id: WorkerId, rank: number): number | null {
    return (this.#workers.get(id)?.rankCount ?? 1) > 1 ? rank : null;
  }

  #apply(view: EndpointView): void {
    this.#workers = new Map(view.workers.map((worker) => [worker.workerId, worker]));
    this.#serving = view.workers.filter(({ isDraining }) => !isDraining);
    this.#routers = view.routers.filter(({ isDraining }) => !isDraining);
    this.#model = view.workers[0]?.model ?? null;
    this.#contextTokensMax = Math.min(...view.workers.map(({ contextTokensMax }) => contextTokensMax));
    this.#onChange(this);
  }
}
