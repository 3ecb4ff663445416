import { keys } from '@kvasir/contract';
import type { EndpointName } from '@kvasir/contract';
import type { RedisClient } from './redis-connection.js';
import { LIST, PUT, RELEASE, RENEW } from './redis-scripts.js';
import { runScript } from './run-script.js';

/** Something that a script has removed because nobody of us can have written it. */
export interface Removed {
  readonly id: string;
  readonly reason: string;
}

export type PutAnswer =
  | { readonly kind: 'ok' }
  | { readonly kind: 'superseded'; readonly by: string }
  | { readonly kind: 'full'; readonly others: number }
  /** `who` is the id of a record that says so. */
  | {
      readonly kind: 'disagrees';
      readonly blockSize: number;
      readonly model: string | null;
      readonly who: string;
    };

export type RenewAnswer =
  | { readonly kind: 'ok' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'superseded'; readonly by: string };

export interface Listing {
  /** Of Redis' clock. */
  readonly nowMs: number;
  readonly version: string;
  readonly deadlinesMs: ReadonlyMap<string, number>;
  /** Envelopes by id; null when the version was known. */
  readonly records: ReadonlyMap<string, string> | null;
  /** Ids of records that are too long to be read. */
  readonly unread: readonly string[];
}

/** The scripts of one endpoint's keys. Every call rejects when Redis cannot be reached. */
export class RedisEndpoint {
  readonly #client: RedisClient;
  readonly #keys: readonly [string, string, string];
  readonly #onRemoved: (removed: Removed) => void;

  constructor(client: RedisClient, endpoint: EndpointName, onRemoved: (removed: Removed) => void) {
    this.#client = client;
    this.#onRemoved = onRemoved;
    this.#keys = [keys.records(endpoint), keys.leases(endpoint), keys.version(endpoint)];
  }

  async put(
    id: string,
    envelope: string,
    limits: {
      readonly leaseMs: number;
      readonly recordsMax: number;
      /** Ids of records that have no say. */
      readonly disbelieved: readonly string[];
    },
  ): Promise<PutAnswer> {
    const { leaseMs, recordsMax, disbelieved } = limits;
    const [kind, one = '', two = '', three = ''] = await this.#texts(PUT, [
      id,
      envelope,
      leaseMs,
      recordsMax,
      ...disbelieved,
    ]);
    switch (kind) {
      case 'superseded':
        return { kind, by: one };
      case 'full':
        return { kind, others: Number(one) };
      case 'disagrees':
        return { kind, blockSize: Number(one), model: two === '' ? null : two, who: three };
      default:
        return { kind: 'ok' };
    }
  }

  async renew(id: string, token: string, leaseMs: number, envelope: string | null): Promise<RenewAnswer> {
    const [kind, by = ''] = await this.#texts(RENEW, [id, token, leaseMs, envelope ?? '']);
    if (kind === 'superseded') return { kind, by };
    return kind === 'absent' ? { kind } : { kind: 'ok' };
  }

  async release(id: string, token: string): Promise<void> {
    await this.#texts(RELEASE, [id, token]);
  }

  async list(knownVersion: string, clearAfterMs: number): Promise<Listing> {
    const answer = await this.#run(LIST, [knownVersion, clearAfterMs]);
    const [now, version, leases, records, unread] = answer as [string, string, string[], string[], string[]];
    return {
      nowMs: Number(now),
      version,
      deadlinesMs: new Map(pairs(leases).map(([id, deadline]) => [id, Number(deadline)])),
      records: version === knownVersion ? null : new Map(pairs(records)),
      unread,
    };
  }

  async #texts(script: string, args: readonly (string | number)[]): Promise<readonly string[]> {
    return (await this.#run(script, args)) as readonly string[];
  }

  async #run(script: string, args: readonly (string | number)[]): Promise<unknown> {
    const [answer, removed] = (await runScript(this.#client, script, this.#keys, args)) as [
      unknown,
      string[],
    ];
    for (const [id, reason] of pairs(removed)) this.#onRemoved({ id, reason });
    return answer;
  }
}

function pairs(flat: readonly string[]): (readonly [string, string])[] {
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[at * 2] ?? '', flat[at * 2 + 1] ?? '']);
}
