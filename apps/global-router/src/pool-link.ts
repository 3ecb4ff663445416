import { decodePoolReport, parseEndpointName, subjects } from '@kvasir/contract';
import type { EndpointName, PoolLoadReport, RouterRecord, WorkerRecord } from '@kvasir/contract';
import type { EventPlane, Subscription } from '@kvasir/event-plane';
import type { PoolConfig, PoolReport, PoolState } from '@kvasir/pool-policy';
import type { EndpointView, Registry, RegistryWatch } from '@kvasir/registry';
import { createRouterClient, RpcError } from '@kvasir/rpc';
import type { RouterClient } from '@kvasir/rpc';
import type { Clock } from '@kvasir/service';
import type { RouterId } from '@kvasir/units';

/** How long a router that cannot be reached is asked last, and a pool of which none can be reached is left out while there is another. */
const COOL_DOWN_MS = 1_000;

export interface PoolLinkParts {
  readonly registry: Registry;
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  /** Longest time that a pool's router may take to answer. */
  readonly timeoutMs: number;
  readonly reportTtlMs: () => number;
}

interface Said {
  readonly report: PoolLoadReport;
  readonly atMs: number;
}

/** What was asked of a pool was answered by one of its routers. */
export interface PoolAnswer<Answer> {
  readonly answer: Answer;
  readonly address: string;
}

/** One pool as its router sees it: who its routers are, how to call them, and what they say of it. */
export class PoolLink {
  readonly #parts: PoolLinkParts;
  readonly #endpoint: EndpointName;
  readonly #watch: RegistryWatch;
  readonly #subscription: Subscription;
  readonly #clients = new Map<string, RouterClient>();
  readonly #reports = new Map<RouterId, Said>();
  /** Requests sent to each router since it reported. */
  readonly #assigned = new Map<string, number>();
  readonly #awayUntilMs = new Map<string, number>();
  #config: PoolConfig;
  #isDraining = false;
  #view: EndpointView | null = null;
  #loraNames: readonly string[] | null = null;
  #failingUntilMs = -Infinity;
  /** Requests that are being sent there now. */
  #underWay = 0;

  /** @throws TypeError for an endpoint that is none: settings are checked before. */
  constructor(config: PoolConfig, parts: PoolLinkParts) {
    const endpoint = parseEndpointName(config.endpoint);
    if (endpoint === null) throw new TypeError(`Cannot use a pool: ${config.endpoint} is no endpoint`);
    this.#config = config;
    this.#parts = parts;
    this.#endpoint = endpoint;
    this.#watch = parts.registry.watch(endpoint, (view) => this.#apply(view));
    this.#subscription = parts.eventPlane.subscribe(subjects.poolReports(endpoint), ({ payload }) =>
      this.#take(payload),
    );
  }

  get config(): PoolConfig {
    return this.#config;
  }

  get endpoint(): EndpointName {
    return this.#endpoint;
  }

  /** Takes another weight, other labels and the like; the endpoint stays. */
  configure(config: PoolConfig): void {
    this.#config = config;
  }

  /** Takes no new requests from now on, or does again. */
  setDraining(isDraining: boolean): void {
    this.#isDraining = isDraining;
  }

  state(): PoolState {
    const nowMs = this.#parts.clock.nowMs();
    return {
      config: this.#config,
      routerCount: this.#routers().length,
      isDraining: this.#isDraining,
      model: this.#view?.pool?.model ?? null,
      loraNames: this.#loraNames,
      report: this.#report(nowMs),
      assignedSinceReport: [...this.#assigned.values()].reduce((sum, count) => sum + count, this.#underWay),
      isFailing: this.#failingUntilMs > nowMs,
    };
  }

  /**
   * Asks the pool's routers, one after the other until one answers: always the same one first, so that its bookings show all the load.
   * @throws RpcError what the last one said; `RPC_UNAVAILABLE` when there is none.
   */
  async call<Answer>(ask: (client: RouterClient) => Promise<Answer>): Promise<PoolAnswer<Answer>> {
    let last: RpcError | null = null;
    for (const { address } of this.#inOrder()) {
      const client = this.client(address);
      try {
        return { answer: await ask(client), address };
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        last = error;
        if (!isUnreachable(error)) throw error;
        this.#awayUntilMs.set(address, this.#parts.clock.nowMs() + COOL_DOWN_MS);
      }
    }
    this.#failingUntilMs = this.#parts.clock.nowMs() + COOL_DOWN_MS;
    throw last ?? new RpcError(`No router of ${this.#config.name} is registered`, NO_ROUTER);
  }

  /** Asks the router that would be called first. A late answer says nothing against it. @throws RpcError what it said. */
  async probe<Answer>(ask: (client: RouterClient) => Promise<Answer>): Promise<Answer> {
    const [first] = this.#inOrder();
    if (first === undefined) throw new RpcError(`No router of ${this.#config.name} is registered`, NO_ROUTER);
    return await ask(this.client(first.address));
  }

  /** Counts a request that was meant for this pool until what is returned is called: those that are chosen meanwhile see it. */
  expect(): () => void {
    this.#underWay += 1;
    let isOver = false;
    return () => {
      if (!isOver) this.#underWay -= 1;
      isOver = true;
    };
  }

  /** Notes a request that went to a router, until that one reports. */
  assigned(address: string): void {
    this.#failingUntilMs = -Infinity;
    this.#assigned.set(address, (this.#assigned.get(address) ?? 0) + 1);
  }

  /** Addresses of all routers, those that are draining too: they may hold bookings. */
  addresses(): readonly string[] {
    return (this.#view?.routers ?? []).map(({ address }) => address);
  }

  client(address: string): RouterClient {
    const known = this.#clients.get(address);
    if (known !== undefined) return known;
    const client = createRouterClient(address, { deadlineMs: this.#parts.timeoutMs });
    this.#clients.set(address, client);
    return client;
  }

  close(): void {
    this.#watch.close();
    this.#subscription.unsubscribe();
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  #routers(): readonly RouterRecord[] {
    return (this.#view?.routers ?? []).filter(({ isDraining }) => !isDraining);
  }

  #inOrder(): readonly RouterRecord[] {
    if (this.#awayUntilMs.size === 0) return this.#routers();
    const nowMs = this.#parts.clock.nowMs();
    const isAway = ({ address }: RouterRecord): number =>
      (this.#awayUntilMs.get(address) ?? 0) > nowMs ? 1 : 0;
    return this.#routers().toSorted((one, other) => isAway(one) - isAway(other));
  }

  #apply(view: EndpointView): void {
    this.#view = view;
    this.#loraNames = loraNamesOf(view.workers);
    const ids = new Set(view.routers.map(({ routerId }) => routerId));
    for (const id of this.#reports.keys()) if (!ids.has(id)) this.#reports.delete(id);
    const addresses = new Set(this.addresses());
    for (const [address, client] of this.#clients) {
      if (addresses.has(address)) continue;
      client.close();
      this.#clients.delete(address);
      this.#assigned.delete(address);
      this.#awayUntilMs.delete(address);
    }
  }

  #take(payload: Uint8Array): void {
    const report = decodePoolReport(payload);
    if ('kind' in report) return;
    const router = this.#view?.routers.find(({ routerId }) => routerId === report.routerId);
    if (router === undefined) return;
    this.#reports.set(report.routerId, { report, atMs: this.#parts.clock.nowMs() });
    this.#assigned.delete(router.address);
    this.#awayUntilMs.delete(router.address);
  }

  /** What all routers say together: each has bookings of its own, all see the same workers. */
  #report(nowMs: number): PoolReport | null {
    const fresh = [...this.#reports.values()].filter(({ atMs }) => nowMs - atMs <= this.#parts.reportTtlMs());
    if (fresh.length === 0) return null;
    const reports = fresh.map(({ report }) => report);
    const capacities = reports.flatMap(({ requestsMax }) => requestsMax ?? []);
    return {
      atMs: Math.max(...fresh.map(({ atMs }) => atMs)),
      requestsActive: reports.reduce((sum, { requestsActive }) => sum + requestsActive, 0),
      requestsMax: capacities.length === 0 ? null : Math.max(...capacities),
      workersReady: Math.max(...reports.map(({ workersReady }) => workersReady)),
      isSaturated: reports.every(({ isSaturated }) => isSaturated),
    };
  }
}

/** Adapters that a pool's workers serve; null while nobody says: a pool of pools has no workers of its own. */
function loraNamesOf(workers: readonly WorkerRecord[]): readonly string[] | null {
  if (workers.length === 0 || workers.some(({ loraNames }) => loraNames === null)) return null;
  return [...new Set(workers.flatMap(({ loraNames }) => loraNames ?? []))];
}

const NO_ROUTER = { code: 'RPC_UNAVAILABLE', grpcStatus: 'UNAVAILABLE' } as const;

/** The router itself, not the pool behind it, is the trouble: another one may answer. */
function isUnreachable({ code, grpcStatus }: RpcError): boolean {
  return code === 'RPC_UNAVAILABLE' || code === 'ROUTER_DRAINING' || grpcStatus === 'DEADLINE_EXCEEDED';
}
