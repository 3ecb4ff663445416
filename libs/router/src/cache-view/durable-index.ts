import { formatEndpointName } from '@kvasir/contract';
import type { EndpointName, KvSource } from '@kvasir/contract';
import type {
  EventLog,
  EventPlane,
  LogMessage,
  LogState,
  PlaneMessage,
  Snapshot,
  Subscription,
} from '@kvasir/event-plane';
import type { SnapshotStore } from '@kvasir/index-snapshot';
import type { CancelTimer, Clock, Logger } from '@kvasir/service';
import type { Prng, RouterId } from '@kvasir/units';
import { dumpChunks } from './dump-chunks.js';
import type { IndexDump } from './dump-chunks.js';

/** What keeps an index over restarts of its routers. */
export interface DurableParts {
  readonly log: EventLog;
  /** Owned by the router that it was opened for. */
  readonly snapshots: SnapshotStore;
  /** Messages in the log at which a snapshot is made and the log trimmed. */
  readonly snapshotThresholdMessages: number;
  /** Forgets snapshot and log at the start. */
  readonly resetsStates: boolean;
}

export interface DurableIndexOptions {
  readonly open: (endpoint: EndpointName) => Promise<DurableParts>;
  readonly endpoint: EndpointName;
  readonly routerId: RouterId;
  readonly clock: Clock;
  readonly prng: Prng;
  readonly logger: Logger;
  /** The index as it is now; null when there is none yet. */
  readonly dump: () => IndexDump | null;
  /** False while sets are being restored: what comes from the log waits for that. */
  readonly isSettled: () => boolean;
}

export interface DurableCounts {
  readonly writtenSnapshots: number;
  /** Given up because the index changed from another side, or because too much came meanwhile. */
  readonly abandonedSnapshots: number;
  readonly failedSnapshots: number;
  readonly loadedSets: number;
  readonly refusedSnapshots: number;
}

/** How often the length of the log is looked at; up to half as much more at random, so that routers do not look all at once. */
const LOOK_MS = 2_000;
/** A router that dies while it writes is waited for this long. */
const LOCK_TTL_MS = 60_000;
/** Log messages that may wait while the index is read; then the snapshot is given up. */
export const HELD_MESSAGES_MAX = 65_536;
/** Sets of a snapshot are restored before the log is read, for at most so long. */
const RESTORE_WAIT_MS = 5_000;
const RESTORE_LOOK_MS = 5;
/** Sets of workers that do not appear are forgotten after this. */
const SEEDS_TTL_MS = 120_000;

/**
 * Begins with the newest snapshot, goes on with the event log behind it, and makes a snapshot when the log has grown long. Whatever is wrong with
 * either is told and healed by asking the agents: durability saves them the asking, and is never needed for a right index.
 */
export class DurableIndex {
  readonly #options: DurableIndexOptions;
  readonly #seeds = new Map<string, Snapshot>();
  readonly #timers = new Set<CancelTimer>();
  #parts: DurableParts | null = null;
  readonly #counts = {
    writtenSnapshots: 0,
    abandonedSnapshots: 0,
    failedSnapshots: 0,
    loadedSets: 0,
    refusedSnapshots: 0,
  };
  /** Newest log message that has been handed over. */
  #sequence = 0;
  /** Of the log when we came: up to there is history. */
  #historyEnd = Infinity;
  #blockSize: number | null = null;
  #logMessages = 0;
  /** Messages that wait while the index is read; null when none is. */
  #held: LogMessage[] | null = null;
  #isWriting = false;
  #isClosed = false;

  constructor(options: DurableIndexOptions) {
    this.#options = options;
  }

  /** Takes the place of the plane's subscription: what was published before comes first. */
  readonly feed: Pick<EventPlane, 'subscribe'> = {
    subscribe: (_pattern, deliver) => this.#subscribe(deliver),
  };

  /** True when everything that was in the log at the start has been handed over. */
  get isCaughtUp(): boolean {
    return this.#sequence >= this.#historyEnd;
  }

  get logMessages(): number {
    return this.#logMessages;
  }

  counts(): DurableCounts {
    return this.#counts;
  }

  /** @throws EventPlaneError, RegistryError when log or store cannot be opened. A snapshot that cannot be had is only told. */
  async load(): Promise<void> {
    const { endpoint, clock, open } = this.#options;
    this.#parts = await open(endpoint);
    const { log, snapshots, resetsStates } = this.#parts;
    const { logId, lastSequence } = await log.state();
    if (resetsStates) {
      await snapshots.clear(endpoint);
      await log.trim(lastSequence);
      this.#sequence = lastSequence;
    } else {
      await this.#loadSnapshot(logId);
    }
    this.#boundHistory(await log.state());
    this.#after(SEEDS_TTL_MS, () => this.#seeds.clear());
    this.#timers.add(clock.every(LOOK_MS * (1 + this.#options.prng() / 2), () => void this.#look()));
  }

  /** Sets in blocks of another size are of no use. */
  blockSizeKnown(blockSize: number): void {
    if (this.#blockSize === null || this.#blockSize === blockSize) return;
    this.#counts.refusedSnapshots += 1;
    this.#seeds.clear();
    this.#options.logger.warn(
      { blockSize, snapshotBlockSize: this.#blockSize },
      'snapshot of another block size refused',
    );
  }

  /** The set that a source had in the snapshot; once. */
  takeSeed(source: KvSource): Snapshot | null {
    const seed = this.#seeds.get(seedKey(source)) ?? null;
    this.#seeds.delete(seedKey(source));
    if (seed !== null) this.#counts.loadedSets += 1;
    return seed;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cancel of this.#timers) cancel();
    await this.#parts?.snapshots.close();
  }

  #opened(): DurableParts {
    if (this.#parts === null) throw new TypeError('Cannot use the event log: it is not opened');
    return this.#parts;
  }

  async #loadSnapshot(logId: string): Promise<void> {
    const { endpoint, logger } = this.#options;
    try {
      const reading = await this.#opened().snapshots.read(endpoint);
      if (reading.kind === 'refused') {
        this.#counts.refusedSnapshots += 1;
        logger.warn({ reason: reading.reason }, 'snapshot refused: the sets come from the agents');
      }
      if (reading.kind !== 'snapshot') return;
      const { manifest, sources } = reading;
      for (const { source, batchNumber, chains } of sources)
        this.#seeds.set(seedKey(source), { batchNumber, chains, digest: null });
      this.#blockSize = manifest.blockSize;
      // Another log's numbers mean nothing here; the sets are good all the same, for batches have numbers of their own.
      if (manifest.logId === logId) this.#sequence = manifest.logSequence;
      logger.info({ sets: sources.length, logSequence: manifest.logSequence }, 'snapshot loaded');
    } catch (error) {
      logger.warn({ err: error }, 'snapshot not readable: the sets come from the agents');
    }
  }

  #subscribe(deliver: (message: PlaneMessage) => void): Subscription {
    const { clock, isSettled } = this.#options;
    const { log } = this.#opened();
    const endMs = clock.nowMs() + RESTORE_WAIT_MS;
    let following: Subscription | null = null;
    const handOver = (message: LogMessage): void => {
      if (this.#held !== null) {
        this.#held.push(message);
        return;
      }
      deliver(message);
      this.#sequence = message.sequence;
    };
    const begin = (): void => {
      if (isSettled() || clock.nowMs() >= endMs) following = log.follow(this.#sequence, handOver);
      else this.#after(RESTORE_LOOK_MS, begin);
    };
    this.#release = (): void => {
      const held = this.#held ?? [];
      this.#held = null;
      for (const message of held) handOver(message);
    };
    this.#after(0, begin);
    return { pendingMessages: 0, droppedMessages: 0, unsubscribe: () => following?.unsubscribe() };
  }

  #release: () => void = () => undefined;

  /** History ends where the log did at the start; what another router has trimmed since, or a log made anew no longer has, is not waited for. */
  #boundHistory({ lastSequence, messageCount }: LogState): void {
    const end = messageCount === 0 ? 0 : lastSequence;
    this.#historyEnd = Math.min(this.#historyEnd, end);
  }

  async #look(): Promise<void> {
    const { logger } = this.#options;
    const { log, snapshotThresholdMessages } = this.#opened();
    const state = await log.state().catch(() => null);
    if (state === null || this.#isClosed) return;
    this.#logMessages = state.messageCount;
    this.#boundHistory(state);
    if (this.#isWriting || !this.isCaughtUp || state.messageCount < snapshotThresholdMessages) return;
    this.#isWriting = true;
    try {
      await this.#writeLocked(state.logId);
    } catch (error) {
      this.#counts.failedSnapshots += 1;
      logger.warn({ err: error }, 'snapshot not written');
    } finally {
      this.#isWriting = false;
    }
  }

  async #writeLocked(logId: string): Promise<void> {
    const { endpoint, routerId } = this.#options;
    const { snapshots } = this.#opened();
    if (!(await snapshots.lock(endpoint, routerId, LOCK_TTL_MS))) return;
    try {
      await this.#write(logId);
    } finally {
      await snapshots.unlock(endpoint, routerId).catch(() => undefined);
    }
  }

  async #write(logId: string): Promise<void> {
    const { endpoint, logger } = this.#options;
    const { log, snapshots } = this.#opened();
    const logSequence = this.#sequence;
    const dumped = await this.#dump();
    if (dumped === null) {
      this.#counts.abandonedSnapshots += 1;
      return;
    }
    const { sources, blockSize, chunks } = dumped;
    await snapshots.write({ endpoint, blockSize, logId, logSequence, sources }, chunks);
    await log.trim(logSequence);
    this.#counts.writtenSnapshots += 1;
    const name = formatEndpointName(endpoint);
    logger.info(
      { endpoint: name, logSequence, sets: sources.length, chunks: chunks.length },
      'snapshot written',
    );
  }

  /** Reads the index while the log waits; null when something else has changed it meanwhile. */
  async #dump() {
    const dump = this.#options.dump();
    if (dump === null) return null;
    this.#held = [];
    try {
      return await dumpChunks(dump, {
        clock: this.#options.clock,
        isGivenUp: () => this.#isClosed || (this.#held?.length ?? 0) > HELD_MESSAGES_MAX,
      });
    } finally {
      this.#release();
    }
  }

  #after(delayMs: number, callback: () => void): void {
    const cancel = this.#options.clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      if (!this.#isClosed) callback();
    });
    this.#timers.add(cancel);
  }
}

const seedKey = ({ workerId, incarnation, rank }: KvSource): string =>
  JSON.stringify([workerId, incarnation, rank]);
