import { randomUUID } from 'node:crypto';
import { formatEndpointName, keys, parseEndpointName, subjects } from '@kvasir/contract';
import type { EndpointName, PoolRecord, RouterRecord, WorkerRecord } from '@kvasir/contract';
import type { Clock } from '@kvasir/service';
import type { RouterId } from '@kvasir/units';
import { EMPTY_VIEW, sameEndpoints } from '../endpoint-view.js';
import { fencing, idOf, nameOf, noRoom, termsOf } from '../entries.js';
import type { Entry } from '../entries.js';
import { BadRecords } from '../bad-records.js';
import type { BadRecord } from '../bad-records.js';
import { closedError, RegistryError } from '../errors.js';
import { REGISTRY_LIMITS } from '../in-process-registry.js';
import type { RegistryLimits } from '../in-process-store.js';
import { disagreement, poolOf } from '../pool-agreement.js';
import { LapsedWorkers } from '../lapsed-workers.js';
import type { StillAnswers } from '../lapsed-workers.js';
import { admissionProblem } from '../record-problem.js';
import type {
  ClaimOutcome,
  EndpointView,
  RegisterOutcome,
  Registry,
  RegistryHealth,
  RegistryWatch,
  Refusal,
} from '../registry.js';
import { Watcher } from '../watcher.js';
import { CLEAR_AFTER_MS, EndpointReader } from './endpoint-reader.js';
import { encodeEnvelope, readEnvelope } from './envelope.js';
import type { EnvelopeReading, RecordTrust } from './envelope.js';
import { connectRedis } from './redis-connection.js';
import type { RedisClient, RedisConnectionOptions } from './redis-connection.js';
import { RedisEndpoint } from './redis-endpoint.js';
import type { PutAnswer } from './redis-endpoint.js';
import { RedisLease } from './redis-lease.js';
import { refusalReason } from './run-script.js';
import { addEndpointName, endpointNames } from './endpoint-names.js';

/** Tells other processes that something has changed; an event plane is one. Losing a notice costs `relistMs`, no more. */
export interface ChangeNotices {
  publish(subject: string, payload: Uint8Array): void;
  subscribe(pattern: string, deliver: () => void): { unsubscribe(): void };
}

export interface RedisRegistryOptions {
  readonly clock: Clock;
  /** Without it changes are seen at the next reading. */
  readonly notices?: ChangeNotices | undefined;
  readonly limits?: Partial<RedisRegistryLimits> | undefined;
  /** Whose records are believed; by default everybody's. */
  readonly trust?: RecordTrust | undefined;
  /** Something in the store is not believed, or was removed. The same is told once in a while. */
  readonly onBadRecord?: ((bad: BadRecord) => void) | undefined;
  /** Whether an engine answers by itself: it is then kept when its lease lapses, for its agent may stand still. Never rejects. */
  readonly stillAnswers?: StillAnswers | undefined;
  /** Called when a worker is kept for that. */
  readonly onKept?: ((worker: WorkerRecord) => void) | undefined;
  readonly onWatchFailed?: ((error: unknown) => void) | undefined;
}

export interface RedisRegistryLimits extends RegistryLimits {
  /** How often every list is read anyway. */
  readonly relistMs: number;
  /** How long a worker whose lease has lapsed is kept at most while its engine answers; at most `CLEAR_AFTER_MS`. */
  readonly lapsedKeepMs: number;
  /** How long after an outage the last view is kept for owners that have to come back. */
  readonly outageGraceMs: number;
}

export const REDIS_REGISTRY_LIMITS: RedisRegistryLimits = {
  ...REGISTRY_LIMITS,
  relistMs: 1_000,
  outageGraceMs: 10_000,
  lapsedKeepMs: CLEAR_AFTER_MS,
};

const NOTHING = new Uint8Array(0);

/** Connects to Redis. @throws RegistryError when it cannot be reached, does not let us in, or the options cannot work. */
export async function connectRedisRegistry(
  connection: RedisConnectionOptions,
  options: RedisRegistryOptions,
): Promise<RedisRegistry> {
  return new RedisRegistry(await connectRedis(connection), options);
}

/** One endpoint as this process follows it. */
interface Followed {
  readonly reader: EndpointReader;
  readonly listeners: Set<() => void>;
  readonly stopNotices: () => void;
}

/**
 * The registry of many processes. Every change is one script, so owners agree; consumers read lists with deadlines and Redis' own time, so no
 * message is needed for a dead worker to go. While Redis is away everybody keeps the last view.
 */
export class RedisRegistry implements Registry {
  readonly #client: RedisClient;
  readonly #clock: Clock;
  readonly #options: RedisRegistryOptions;
  readonly #limits: RedisRegistryLimits;
  readonly #trust: RecordTrust;
  readonly #badRecords: BadRecords;
  readonly #leases = new Set<Pick<RedisLease<Entry>, 'state' | 'renew' | 'release'>>();
  readonly #followed = new Map<string, Followed>();
  readonly #watches = new Set<() => void>();
  #lostAtMs: number | null = null;
  #closedAtMs: number | null = null;

  /** @param client connected; owned by the registry from now on. */
  constructor(client: RedisClient, options: RedisRegistryOptions) {
    this.#client = client;
    this.#clock = options.clock;
    this.#options = options;
    this.#limits = { ...REDIS_REGISTRY_LIMITS, ...options.limits };
    this.#trust = options.trust ?? { seal: null, believesUnsealed: true };
    this.#badRecords = new BadRecords(options.clock, options.onBadRecord ?? (() => undefined));
    client.on('close', () => (this.#lostAtMs ??= this.#clock.nowMs()));
    client.on('ready', () => this.#cameBack());
  }

  async registerWorker(record: WorkerRecord, leaseMs: number): Promise<RegisterOutcome<WorkerRecord>> {
    return await this.#register({ kind: 'worker', record, deadlineMs: 0 }, leaseMs);
  }

  async registerRouter(record: RouterRecord, leaseMs: number): Promise<RegisterOutcome<RouterRecord>> {
    return await this.#register({ kind: 'router', record, deadlineMs: 0 }, leaseMs);
  }

  async claimPool(record: PoolRecord, routerId: RouterId, leaseMs: number): Promise<ClaimOutcome> {
    const outcome = await this.#register({ kind: 'claim', routerId, record, deadlineMs: 0 }, leaseMs);
    const pool = await this.#poolNow(record.endpoint);
    if (outcome.kind === 'refused') return { ...outcome, pool };
    return { kind: 'claimed', pool: pool ?? record, lease: outcome.lease };
  }

  watch(endpoint: EndpointName, changed: (view: EndpointView) => void): RegistryWatch {
    this.#assertOpen();
    const followed = this.#follow(endpoint);
    const read = (): EndpointView => followed.reader.view ?? UNKNOWN_VIEW;
    const watch = this.#watch({
      read,
      changed,
      isSame: (one, other) => one === other,
      isKnown: () => followed.reader.view !== null,
      followed: [followed],
    });
    return { view: read, close: () => watch.close() };
  }

  watchEndpoints(
    namespace: string,
    changed: (endpoints: readonly EndpointName[]) => void,
  ): { close(): void } {
    this.#assertOpen();
    let names: readonly string[] | null = null;
    let watched: Watcher<readonly EndpointName[]> | null = null;
    const poke = (): void => watched?.poke();
    const look = async (): Promise<void> => {
      const known = await endpointNames(this.#client, keys.endpoints(namespace)).catch(() => null);
      if (known === null || this.#closedAtMs !== null) return;
      names = known;
      for (const name of names) this.#followedByName(name)?.listeners.add(poke);
      watched ??= new Watcher({
        read: () => this.#withPools(names ?? []),
        isSame: sameEndpoints,
        changed,
        onFailed: this.#options.onWatchFailed ?? (() => undefined),
      });
      poke();
    };
    const cancel = this.#clock.every(this.#limits.relistMs, () => void look());
    void look();
    const close = (): void => {
      cancel();
      watched?.close();
      for (const { listeners } of this.#followed.values()) listeners.delete(poke);
      this.#watches.delete(close);
      this.#dropUnwatched();
    };
    this.#watches.add(close);
    return { close };
  }

  health(): RegistryHealth {
    if (this.#closedAtMs !== null)
      return { kind: 'disconnected', sinceMs: this.#closedAtMs, reason: 'the registry has been closed' };
    if (this.#lostAtMs !== null)
      return { kind: 'disconnected', sinceMs: this.#lostAtMs, reason: 'Redis is not connected' };
    // A server that stands still keeps its connections.
    for (const { reader } of this.#followed.values())
      if (reader.lost !== null) return { kind: 'disconnected', ...reader.lost };
    return { kind: 'connected' };
  }

  async close(): Promise<void> {
    if (this.#closedAtMs !== null) return;
    this.#closedAtMs = this.#clock.nowMs();
    for (const close of this.#watches) close();
    for (const { reader, stopNotices } of this.#followed.values()) {
      reader.close();
      stopNotices();
    }
    await Promise.all([...this.#leases].map((lease) => lease.release()));
    this.#client.disconnect();
  }

  async #register<EntryType extends Entry>(
    entry: EntryType,
    leaseMs: number,
  ): Promise<{ kind: 'registered'; lease: RedisLease<EntryType> } | Refusal> {
    this.#assertOpen();
    const problem = admissionProblem(entry, leaseMs);
    if (problem !== null) return problem;
    const token = randomUUID();
    const put = (): Promise<Refusal | null> => this.#put(entry, token, leaseMs);
    const refusal = await put().catch((error: unknown) => {
      throw new RegistryError(
        'REGISTRY_UNREACHABLE',
        `Cannot register ${nameOf(entry)}: ${refusalReason(error)}`,
        error,
      );
    });
    if (refusal !== null) return refusal;
    const { endpoint } = entry.record;
    const lease = new RedisLease<EntryType>({
      endpoint: this.#store(endpoint),
      clock: this.#clock,
      entry,
      token,
      leaseMs,
      put,
      envelope: () => encodeEnvelope(entry, token, this.#trust.seal),
      isForged: async () => (await this.#disbelieved(endpoint)).includes(idOf(entry)),
      changed: () => this.#notify(endpoint),
    });
    for (const other of this.#leases) if (other.state().kind !== 'held') this.#leases.delete(other);
    this.#leases.add(lease);
    return { kind: 'registered', lease };
  }

  async #put(entry: Entry, token: string, leaseMs: number): Promise<Refusal | null> {
    const { endpoint } = entry.record;
    // First, so that no record stands at an endpoint that nobody finds; a name without a pool is not shown.
    await addEndpointName(this.#client, keys.endpoints(endpoint.namespace), formatEndpointName(endpoint));
    const put = (disbelieved: readonly string[]): Promise<PutAnswer> =>
      this.#store(endpoint).put(idOf(entry), encodeEnvelope(entry, token, this.#trust.seal), {
        ...{ leaseMs, recordsMax: this.#limits.recordsPerEndpointMax, disbelieved },
      });
    let answer = await put([]);
    if (answer.kind !== 'ok') {
      // The scripts know nothing of seals: who stands in the way may be somebody whom nobody believes.
      const disbelieved = await this.#disbelieved(endpoint);
      if (disbelieved.length > 0) answer = await put(disbelieved);
    }
    if (answer.kind !== 'ok') return refusalOf(entry, answer);
    this.#notify(endpoint);
    return null;
  }

  #store(endpoint: EndpointName): RedisEndpoint {
    return new RedisEndpoint(this.#client, endpoint, ({ id, reason }) =>
      this.#badRecords.found({ kind: 'removed', endpoint, id, reason }),
    );
  }

  #read(endpoint: EndpointName, id: string, text: string): EnvelopeReading {
    const reading = readEnvelope({ endpoint, id, text }, this.#trust);
    if (reading.kind === 'bad')
      this.#badRecords.found({ kind: reading.bad, endpoint, id, reason: reading.reason });
    return reading;
  }

  #foundUnread(endpoint: EndpointName, id: string): void {
    this.#badRecords.found({ kind: 'unreadable', endpoint, id, reason: 'it is too long' });
  }

  /** Ids of the records at an endpoint that are not believed. */
  async #disbelieved(endpoint: EndpointName): Promise<readonly string[]> {
    const { records, unread } = await this.#store(endpoint).list('', CLEAR_AFTER_MS);
    const bad = [...(records ?? [])].filter(([id, text]) => this.#read(endpoint, id, text).kind === 'bad');
    return [...unread, ...bad.map(([id]) => id)].slice(0, DISBELIEVED_MAX);
  }

  #notify(endpoint: EndpointName): void {
    this.#followed.get(formatEndpointName(endpoint))?.reader.poke();
    if (this.#closedAtMs === null) this.#options.notices?.publish(subjects.records(endpoint), NOTHING);
  }

  /** What the members of a pool agree on at this moment. */
  async #poolNow(endpoint: EndpointName): Promise<PoolRecord | null> {
    const { records } = await this.#store(endpoint).list('', CLEAR_AFTER_MS);
    const readings = [...(records ?? [])].map(([id, text]) => this.#read(endpoint, id, text));
    return poolOf(
      endpoint,
      readings.flatMap((reading) => (reading.kind === 'bad' ? [] : (termsOf(reading.entry) ?? []))),
    );
  }

  #follow(endpoint: EndpointName): Followed {
    const name = formatEndpointName(endpoint);
    const known = this.#followed.get(name);
    if (known !== undefined) return known;
    const listeners = new Set<() => void>();
    const reader = new EndpointReader({
      endpoint,
      store: this.#store(endpoint),
      read: (id, text) => this.#read(endpoint, id, text),
      unread: (id) => this.#foundUnread(endpoint, id),
      clock: this.#clock,
      lapsed: this.#lapsedWorkers(),
      relistMs: this.#limits.relistMs,
      graceMs: this.#limits.outageGraceMs,
      changed: () => {
        for (const listener of [...listeners]) listener();
      },
    });
    const subscription = this.#options.notices?.subscribe(subjects.records(endpoint), () => reader.noticed());
    const followed = { reader, listeners, stopNotices: () => subscription?.unsubscribe() };
    this.#followed.set(name, followed);
    return followed;
  }

  #lapsedWorkers(): ((changed: () => void) => LapsedWorkers) | undefined {
    const { stillAnswers, onKept = () => undefined } = this.#options;
    const { lapsedKeepMs: keepMs } = this.#limits;
    if (stillAnswers === undefined || keepMs === 0) return undefined;
    return (changed) =>
      new LapsedWorkers({ clock: this.#clock, stillAnswers, keepMs, kept: onKept, changed });
  }

  /** Endpoints that nobody watches any more are not read any more. */
  #dropUnwatched(): void {
    for (const [name, { reader, listeners, stopNotices }] of this.#followed) {
      if (listeners.size > 0) continue;
      this.#followed.delete(name);
      reader.close();
      stopNotices();
    }
  }

  #followedByName(name: string): Followed | null {
    const endpoint = parseEndpointName(name);
    return endpoint === null ? null : this.#follow(endpoint);
  }

  #withPools(names: readonly string[]): readonly EndpointName[] {
    return names.flatMap((name) => {
      const endpoint = parseEndpointName(name);
      if (endpoint === null) return [];
      const pool = this.#follow(endpoint).reader.view?.pool ?? null;
      return pool === null ? [] : [endpoint];
    });
  }

  #watch<Value>(options: {
    readonly read: () => Value;
    readonly changed: (value: Value) => void;
    readonly isSame: (one: Value, other: Value) => boolean;
    readonly isKnown: () => boolean;
    readonly followed: readonly Followed[];
  }): { close(): void } {
    let watcher: Watcher<Value> | null = null;
    const poke = (): void => {
      if (!options.isKnown()) return;
      if (watcher === null)
        watcher = new Watcher({ ...options, onFailed: this.#options.onWatchFailed ?? (() => undefined) });
      else watcher.poke();
    };
    for (const { listeners } of options.followed) listeners.add(poke);
    const close = (): void => {
      for (const { listeners } of options.followed) listeners.delete(poke);
      watcher?.close();
      this.#watches.delete(close);
      this.#dropUnwatched();
    };
    this.#watches.add(close);
    poke();
    return { close };
  }

  #cameBack(): void {
    this.#lostAtMs = null;
    if (this.#closedAtMs !== null) return;
    for (const lease of this.#leases) void lease.renew();
    for (const { reader } of this.#followed.values()) reader.poke();
  }

  #assertOpen(): void {
    if (this.#closedAtMs !== null) throw closedError();
  }
}

/** Ids that are named to a script at once. */
const DISBELIEVED_MAX = 4_096;

/** What is known before the first list. */
const UNKNOWN_VIEW: EndpointView = { ...EMPTY_VIEW, isFresh: false };

function refusalOf(entry: Entry, answer: Exclude<PutAnswer, { kind: 'ok' }>): Refusal {
  const { endpoint } = entry.record;
  const terms = termsOf(entry);
  const refusal =
    answer.kind === 'superseded'
      ? fencing(entry, supersedingEntry(entry, answer.by))
      : answer.kind === 'full' || terms === null
        ? noRoom(entry, answer.kind === 'full' ? answer.others : 0)
        : disagreement({ endpoint, blockSize: answer.blockSize, model: answer.model }, nameOf(entry), {
            ...terms,
            says: answer.who,
          });
  if (refusal === null) throw new TypeError(`Cannot read the registry's answer "${answer.kind}"`);
  return refusal;
}

function supersedingEntry(entry: Entry, by: string): Entry | null {
  return entry.kind === 'worker'
    ? { ...entry, record: { ...entry.record, incarnation: by as WorkerRecord['incarnation'] } }
    : null;
}
