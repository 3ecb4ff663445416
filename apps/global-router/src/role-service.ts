import type { EndpointName, RouterRecord } from '@kvasir/contract';
import { encodePoolReport, subjects } from '@kvasir/contract';
import type { EventPlane } from '@kvasir/event-plane';
import type { PoolRole } from '@kvasir/pool-policy';
import type { RecordLease, Registry } from '@kvasir/registry';
import { addRouterService, createRpcServer } from '@kvasir/rpc';
import type { RouterHandlers, RpcServer } from '@kvasir/rpc';
import { formatAddress, ServiceError } from '@kvasir/service';
import type { CancelTimer, Clock, DrainReport, Logger } from '@kvasir/service';
import type { RouterId } from '@kvasir/units';
import type { PoolLink } from './pool-link.js';

/** How long the record outlives a router that died. */
const LEASE_MS = 10_000;
/** How often is told how full the pools are together, and whether the record is still right. */
const TELL_MS = 500;

export interface RoleServiceParts {
  readonly role: PoolRole;
  readonly namespace: string;
  readonly routerId: RouterId;
  readonly registry: Registry;
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly grpc: { readonly host: string; readonly port: number; readonly advertisedHost: string | null };
  readonly handlers: RouterHandlers;
  readonly links: () => readonly PoolLink[];
}

/** The `Router` service of the pools of one role: a server of its own, its record, and what it says of the pools together, so that levels nest. */
export class RoleService {
  readonly endpoint: EndpointName;
  readonly #parts: RoleServiceParts;
  readonly #server: RpcServer;
  #lease: RecordLease<RouterRecord> | null = null;
  #cancelTelling: CancelTimer | null = null;
  /** The record as it was last told; empty while there is none. */
  #told = '';
  #isKeeping = false;
  #isLeaving = false;

  constructor(parts: RoleServiceParts) {
    this.#parts = parts;
    const { role, namespace, grpc, logger } = parts;
    this.endpoint = { namespace, component: role, endpoint: 'generate' };
    this.#server = createRpcServer({ name: `grpc ${role}`, host: grpc.host, port: grpc.port, logger });
    addRouterService(this.#server, parts.handlers);
  }

  /** `host:port`. @throws TypeError before it has started. */
  address(): string {
    return this.#server.address();
  }

  async start(signal: AbortSignal): Promise<void> {
    await this.#server.start(signal);
    await this.#keepRecord();
    this.#cancelTelling = this.#parts.clock.every(TELL_MS, () => {
      this.#report();
      // What could not be told now is told the next time.
      void this.#keepRecord().catch(() => undefined);
    });
  }

  /** Its record and its health checks say that it is going; it serves on. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    this.#server.setServing(false);
    // What could not be told now is told with the next report.
    await this.#keepRecord().catch(() => undefined);
  }

  async drain(deadlineMs: number): Promise<DrainReport> {
    await this.leave();
    return await this.#server.drain(deadlineMs);
  }

  async close(): Promise<void> {
    this.#cancelTelling?.();
    await this.#lease?.release();
    this.#lease = null;
    await this.#server.close();
  }

  #report(): void {
    const { eventPlane, routerId, links } = this.#parts;
    const reports = links().flatMap((link) => link.state().report ?? []);
    if (reports.length === 0 || eventPlane.health().kind !== 'connected') return;
    const capacities = reports.flatMap(({ requestsMax }) => requestsMax ?? []);
    const report = {
      routerId,
      requestsActive: sum(reports.map(({ requestsActive }) => requestsActive)),
      // What only some pools say is not what all can take.
      requestsMax: capacities.length === reports.length ? sum(capacities) : null,
      workersReady: sum(reports.map(({ workersReady }) => workersReady)),
      isSaturated: reports.every(({ isSaturated }) => isSaturated),
    };
    eventPlane.publish(subjects.poolReports(this.endpoint), encodePoolReport(report));
  }

  /** Registered while there are pools, with their names as they are now: a router without pools would be taken for one of workers. */
  async #keepRecord(): Promise<void> {
    if (this.#isKeeping) return;
    this.#isKeeping = true;
    try {
      const record = this.#record();
      const text = record.pools.length === 0 ? '' : JSON.stringify(record);
      if (text === this.#told) return;
      if (text === '') await this.#lease?.release();
      else if (this.#told === '') await this.#register(record);
      else await this.#lease?.update(record);
      this.#told = text;
    } finally {
      this.#isKeeping = false;
    }
  }

  /** @throws ServiceError when the registry refuses. */
  async #register(record: RouterRecord): Promise<void> {
    const outcome = await this.#parts.registry.registerRouter(record, LEASE_MS);
    if (outcome.kind === 'refused') throw new ServiceError('SERVICE_BAD_CONFIGURATION', outcome.message);
    this.#lease = outcome.lease;
  }

  #record(): RouterRecord {
    const { routerId, grpc, links } = this.#parts;
    const port = Number(this.address().split(':').at(-1));
    return {
      routerId,
      endpoint: this.endpoint,
      address: grpc.advertisedHost === null ? this.address() : formatAddress(grpc.advertisedHost, port),
      pools: links().map((link) => link.endpoint),
      isDraining: this.#isLeaving,
    };
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
