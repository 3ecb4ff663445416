import type { EndpointName, PeerLoad, WorkerRecord } from '@kvasir/contract';
import type { EventPlane } from '@kvasir/event-plane';
import type { Clock } from '@kvasir/service';
import type { RouterId, WorkerId } from '@kvasir/units';
import type { PoolScheduler } from '../pool-scheduler.js';
import { EngineLoads } from './engine-loads.js';
import { ReplicaSync } from './replica-sync.js';

/** Requests that wait count too, so that more can be booked on a rank than its cache holds; a peer that says even more is not believed. */
const BOOKED_PER_HELD_MAX = 1_024;

export interface LoadViewParts {
  readonly endpoint: EndpointName;
  readonly routerId: RouterId;
  readonly eventPlane: EventPlane;
  readonly clock: Clock;
  readonly scheduler: PoolScheduler;
  readonly syncsReplicas: boolean;
  /** Null for a worker that is not registered now. */
  readonly worker: (workerId: WorkerId) => WorkerRecord | null;
}

/** What the pool's workers have to do besides what this router has booked: what its peers have, and what the engines say. */
export class LoadView {
  readonly #parts: LoadViewParts;
  /** Null when bookings are not shared. */
  readonly sync: ReplicaSync | null;
  /** Loads of peers that came before the block size was known. */
  readonly #early = new Map<RouterId, readonly PeerLoad[]>();
  #engineLoads: EngineLoads | null = null;

  constructor(parts: LoadViewParts) {
    this.#parts = parts;
    this.sync = parts.syncsReplicas ? this.#createSync() : null;
  }

  /** What the engines say; null before `start`. */
  get engineLoads(): EngineLoads | null {
    return this.#engineLoads;
  }

  async start(): Promise<void> {
    await this.sync?.start();
    const { eventPlane: plane, endpoint, clock, worker } = this.#parts;
    this.#engineLoads = new EngineLoads({ plane, endpoint, clock, worker });
  }

  async close(): Promise<void> {
    await this.sync?.close();
    this.#engineLoads?.close();
  }

  /** The scheduler has begun: what came before is applied. */
  schedulerBegan(): void {
    const { scheduler } = this.#parts;
    for (const [peer, loads] of this.#early)
      scheduler.step({ kind: 'peerLoads', peer, loads, isWhole: true });
    this.#early.clear();
  }

  #createSync(): ReplicaSync {
    const { endpoint, routerId, eventPlane, clock, scheduler } = this.#parts;
    return new ReplicaSync({
      endpoint,
      routerId,
      plane: eventPlane,
      clock,
      firstNumber: Date.now(),
      blocksMaxOf: ({ workerId }) => {
        const blocks = this.#parts.worker(workerId)?.kvBlocksTotal ?? null;
        return blocks === null ? null : blocks * BOOKED_PER_HELD_MAX;
      },
      ownLoads: () => scheduler.now?.ownLoads() ?? [],
      peerLoads: (peer, loads, isWhole) => {
        if (scheduler.now !== null) scheduler.step({ kind: 'peerLoads', peer, loads, isWhole });
        else if (isWhole) this.#early.set(peer, loads);
      },
      peerGone: (peer) => {
        this.#early.delete(peer);
        scheduler.step({ kind: 'peerGone', peer });
      },
    });
  }
}
