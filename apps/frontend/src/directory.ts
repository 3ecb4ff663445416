import { formatEndpointName, servedNames } from '@kvasir/contract';
import type { DialectName, EndpointName, RouterRecord, WorkerRecord } from '@kvasir/contract';
import { EngineLives } from '@kvasir/engines';
import type { EngineLife } from '@kvasir/engines';
import type { EndpointView, Registry, RegistryWatch } from '@kvasir/registry';
import type { WorkerId } from '@kvasir/units';
import { modelFolder } from './rendering/model-folder.js';

/** Endpoints that are followed at most, own one included; pools beyond it are not seen. */
const ENDPOINTS_MAX = 1_024;

/** What a client calls a model. */
export interface ServedModel {
  readonly model: string;
  /** Null for the model without an adapter. */
  readonly loraName: string | null;
}

interface Followed {
  readonly watch: RegistryWatch;
  /** Null until it was read once. */
  view: EndpointView | null;
  /** Of its own workers: they have not left when the endpoint is not followed any more. */
  readonly lives: EngineLives;
}

/**
 * Who is alive at one endpoint, as last seen, with what the frontend asks for at every request looked up beforehand. When a router of pools is registered
 * there, the workers of its pools belong to it too, whatever the depth.
 */
export class EndpointDirectory {
  readonly endpoint: EndpointName;
  readonly #registry: Registry;
  readonly #onChange: (directory: EndpointDirectory) => void;
  readonly #followed = new Map<string, Followed>();
  #workers = new Map<WorkerId, WorkerRecord>();
  #routers: readonly RouterRecord[] = [];
  #addresses: ReadonlySet<string> = new Set();
  #serving: readonly WorkerRecord[] = [];
  #model: string | null = null;
  #tokenizerPath: string | null = null;
  /** Of which model a folder was looked for, and what was found. */
  #found: readonly [model: string, folder: string | null] | null = null;
  #loraNames: ReadonlySet<string> = new Set();
  /** Every name of the model beside its own, with the workers that take new work but do not answer to it. */
  #otherNames: ReadonlyMap<string, readonly WorkerId[]> = new Map();
  #knownNames: ReadonlySet<string> = new Set();
  #dialects: ReadonlySet<DialectName> = new Set();
  #contextTokensMax = 0;
  #isClosed = false;

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
    this.#follow(this.endpoint);
  }

  close(): void {
    this.#isClosed = true;
    for (const { watch } of this.#followed.values()) watch.close();
  }

  /** Model that the workers serve; null while there is none. */
  get model(): string | null {
    return this.#model;
  }

  /** All workers, those that drain too, ordered by id. */
  all(): readonly WorkerRecord[] {
    return [...this.#workers.values()];
  }

  /** Workers that take new work, ordered by id. */
  get serving(): readonly WorkerRecord[] {
    return this.#serving;
  }

  /** Routers that take new calls, ordered by id: those of pools, when there are any, else those of the endpoint's own workers. */
  get routers(): readonly RouterRecord[] {
    return this.#routers;
  }

  /** Every router that may hold a booking, those of pools among them. */
  get addresses(): ReadonlySet<string> {
    return this.#addresses;
  }

  /** True while a router chooses among pools here. */
  get hasPools(): boolean {
    return this.#routers.some(({ pools }) => pools.length > 0);
  }

  /** The shortest context of the workers: any of them may be chosen. */
  get contextTokensMax(): number {
    return this.#contextTokensMax;
  }

  /** Where the model's tokenizer is: what a worker says, else what is found on this machine by the model's name. */
  get tokenizerPath(): string | null {
    return this.#tokenizerPath;
  }

  /** Every dialect that a worker which takes new work speaks: a pool may mix engines of one model. */
  get dialects(): ReadonlySet<DialectName> {
    return this.#dialects;
  }

  /** Workers that take new work and speak none of these. */
  workersOtherThan(dialects: ReadonlySet<DialectName>): readonly WorkerId[] {
    if (isSubset(this.#dialects, dialects)) return NOBODY;
    return this.#serving.filter(({ dialect }) => !dialects.has(dialect)).map(({ workerId }) => workerId);
  }

  /** What tells when a worker leaves the list or starts anew; null while it is not in the list. */
  lifeOf(id: WorkerId): EngineLife | null {
    for (const { lives } of this.#followed.values()) {
      const life = lives.of(id);
      if (life !== null) return life;
    }
    return null;
  }

  worker(id: WorkerId): WorkerRecord | null {
    return this.#workers.get(id) ?? null;
  }

  /** Adapters that a worker serves, each under its name. */
  get loraNames(): ReadonlySet<string> {
    return this.#loraNames;
  }

  /** Names of the model beside its own that a worker answers to. */
  get otherNames(): Iterable<string> {
    return this.#otherNames.keys();
  }

  /** Workers that a request of this `model` must not go to: they serve the model, but not under this name. */
  workersWithout(name: string): readonly WorkerId[] {
    return this.#otherNames.get(name) ?? NOBODY;
  }

  /** What a request's `model` stands for here: the model under one of its names, or an adapter of it that a worker serves. Null when neither. */
  lookUp(name: string): ServedModel | null {
    if (this.#model === null || this.#serving.length === 0) return null;
    if (name === this.#model || this.#otherNames.has(name)) return { model: this.#model, loraName: null };
    return this.#loraNames.has(name) ? { model: this.#model, loraName: name } : null;
  }

  /** True when a worker answers to this name, also one that takes no new work. */
  knows(name: string): boolean {
    return name === this.#model || this.#knownNames.has(name);
  }

  /** True while a worker takes work for this model, or for an adapter of it of this name. */
  serves(name: string): boolean {
    return this.lookUp(name) !== null;
  }

  /** The rank to ask a worker for; null when it has only one. */
  rankOf(id: WorkerId, rank: number): number | null {
    return (this.#workers.get(id)?.rankCount ?? 1) > 1 ? rank : null;
  }

  #follow(endpoint: EndpointName): void {
    const name = formatEndpointName(endpoint);
    if (this.#followed.has(name) || this.#followed.size >= ENDPOINTS_MAX) return;
    const followed: Followed = {
      view: null,
      lives: new EngineLives(),
      watch: this.#registry.watch(endpoint, (view) => {
        followed.view = view;
        followed.lives.apply(view.workers);
        this.#refresh();
      }),
    };
    this.#followed.set(name, followed);
  }

  #refresh(): void {
    if (this.#isClosed) return;
    const own = this.#followed.get(formatEndpointName(this.endpoint))?.view ?? null;
    const reached = this.#reach();
    for (const [name, { watch }] of this.#followed) {
      if (reached.has(name)) continue;
      watch.close();
      this.#followed.delete(name);
    }
    const views = [...this.#followed.values()].flatMap(({ view }) => view ?? []);
    const workers = views
      .flatMap((view) => view.workers)
      .toSorted((one, other) => (one.workerId < other.workerId ? -1 : 1));
    const ready = (own?.routers ?? []).filter(({ isDraining }) => !isDraining);
    const ofPools = ready.filter(({ pools }) => pools.length > 0);
    this.#workers = new Map(workers.map((worker) => [worker.workerId, worker]));
    this.#serving = workers.filter(({ isDraining }) => !isDraining);
    this.#routers = ofPools.length > 0 ? ofPools : ready;
    this.#addresses = new Set(views.flatMap(({ routers }) => routers.map(({ address }) => address)));
    this.#model = workers[0]?.model ?? null;
    this.#loraNames = new Set(this.#serving.flatMap(({ loraNames }) => loraNames ?? []));
    this.#dialects = new Set(this.#serving.map(({ dialect }) => dialect));
    this.#knownNames = new Set(workers.flatMap(servedNames));
    this.#otherNames = otherNames(this.#serving);
    this.#contextTokensMax = Math.min(...workers.map(({ contextTokensMax }) => contextTokensMax));
    this.#tokenizerPath =
      this.#serving.find(({ tokenizerPath }) => tokenizerPath !== null)?.tokenizerPath ?? this.#findFolder();
    this.#onChange(this);
  }

  /** Looked for once: the disk is not asked at every change of a worker. */
  #findFolder(): string | null {
    if (this.#model === null) return null;
    if (this.#found?.[0] !== this.#model) this.#found = [this.#model, modelFolder(this.#model)];
    return this.#found[1];
  }

  /** Names of the endpoints that can be got to from the own one; those that are new are followed from now on. */
  #reach(): ReadonlySet<string> {
    const reached = new Set<string>();
    const waiting: EndpointName[] = [this.endpoint];
    for (let endpoint = waiting.pop(); endpoint !== undefined; endpoint = waiting.pop()) {
      const name = formatEndpointName(endpoint);
      if (reached.has(name)) continue;
      reached.add(name);
      this.#follow(endpoint);
      for (const { pools } of this.#followed.get(name)?.view?.routers ?? []) waiting.push(...pools);
    }
    return reached;
  }
}

const NOBODY: readonly WorkerId[] = [];

function isSubset<Item>(some: ReadonlySet<Item>, all: ReadonlySet<Item>): boolean {
  for (const item of some) if (!all.has(item)) return false;
  return true;
}

/** Names beside the model's own, with the workers that do not answer to them. */
function otherNames(workers: readonly WorkerRecord[]): ReadonlyMap<string, readonly WorkerId[]> {
  const names = new Set(
    workers.flatMap((worker) => servedNames(worker).filter((name) => name !== worker.model)),
  );
  const without = (name: string): readonly WorkerId[] =>
    workers.filter((worker) => !servedNames(worker).includes(name)).map(({ workerId }) => workerId);
  return new Map([...names].map((name) => [name, without(name)]));
}
