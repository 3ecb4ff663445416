/** What strangers and accidents leave in Redis: nobody else is kept from registering, it is named, and removed by whoever may. */
import { createSecretKey } from 'node:crypto';
import { keys, MessageSeal } from '@kvasir/contract';
import { systemClock } from '@kvasir/service';
import { startRedisServer } from '@kvasir/testkit';
import type { ServerProcess } from '@kvasir/testkit';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectRedisRegistry } from '../src/index.js';
import type { BadRecord, EndpointView, RecordTrust, RedisRegistry } from '../src/index.js';
import { endpoint, held, life, worker } from '../src/testing/harness.js';

const [RECORDS, LEASES, VERSION] = [keys.records(endpoint), keys.leases(endpoint), keys.version(endpoint)];
const NAMES = keys.endpoints(endpoint.namespace);
const FAR_MS = Date.now() + 3_600_000;
const sealOf = (...fills: number[]): MessageSeal => {
  const [first, ...others] = fills.map((fill) => createSecretKey(Buffer.alloc(32, fill)));
  if (first === undefined) throw new TypeError('a seal needs a key');
  return new MessageSeal(() => [first, ...others]);
};

let server: ServerProcess;
let stranger: Redis;
beforeAll(async () => {
  server = await startRedisServer();
  stranger = new Redis(server.port, '127.0.0.1');
});
afterAll(async () => {
  stranger.disconnect();
  await server.stop();
});

const registries: RedisRegistry[] = [];
const found: BadRecord[] = [];
const connect = async (trust?: RecordTrust): Promise<RedisRegistry> => {
  const registry = await connectRedisRegistry(
    { urls: [`redis://127.0.0.1:${server.port}`], kind: 'server' },
    {
      clock: systemClock,
      limits: { relistMs: 20, outageGraceMs: 100 },
      onBadRecord: (bad) => found.push(bad),
      trust,
    },
  );
  registries.push(registry);
  return registry;
};
const follow = (registry: RedisRegistry): (() => string) => {
  const watch = registry.watch(endpoint, () => undefined);
  return () => names(watch.view());
};
const names = ({ workers }: EndpointView): string => workers.map(({ workerId }) => workerId).join(' ');
/** A record as a stranger with access to Redis writes it, under a lease that does not end. */
async function forge(id: string | Buffer, text: string | Buffer): Promise<void> {
  await stranger.hset(RECORDS, id, text);
  await stranger.zadd(LEASES, FAR_MS, id);
  await stranger.incr(VERSION);
}
/** The record of a worker that a registry has written, with changes. */
async function altered(id: string, change: (fields: Record<string, string>) => void): Promise<string> {
  const fields = JSON.parse((await stranger.hget(RECORDS, id)) ?? '{}') as Record<string, string>;
  change(fields);
  return JSON.stringify(fields);
}

beforeEach(async () => {
  await stranger.flushall();
  found.length = 0;
});
afterEach(async () => {
  for (const registry of registries.splice(0)) await registry.close();
});

describe('whatever stands in Redis', () => {
  it.each<[string, string | Buffer, string | Buffer, string]>([
    ['no JSON', 'worker:x', '{"t":', 'unreadable'],
    ['JSON that is no object', 'worker:x', '7', 'unreadable'],
    ['JSON too deep for the script', 'worker:x', `${'['.repeat(5_000)}${']'.repeat(5_000)}`, 'unreadable'],
    ['bytes that are no text', 'worker:x', Buffer.of(0xff, 0xfe, 0x00), 'unreadable'],
    ['an id that is no text', Buffer.from('worker:\xff', 'latin1'), '{"t":"x","b":999,"r":""}', 'removed'],
    ['a block size that is none', 'claim:x', '{"t":"x","b":1e300,"r":"{}"}', 'unreadable'],
    ['a block size of another kind', 'claim:x', '{"t":"x","b":{"a":1},"m":[],"r":"{}"}', 'unreadable'],
    ['a record of a later version', 'worker:x', '{"t":"x","r":"{\\"version\\":2}"}', 'unreadable'],
    ['a record of a kind of later', 'planner:x', '{"t":"x","r":"{}"}', 'unreadable'],
    ['a value of 8 MiB', 'worker:x', Buffer.alloc(8_388_608, 'x'), 'unreadable'],
  ])('%s keeps nobody from registering, and is named', async (_what, id, text, kind) => {
    await forge(id, text);
    const [owner, consumer] = [await connect(), await connect()];
    const seen = follow(consumer);
    held(await owner.registerWorker(worker('w1'), 5_000));
    await vi.waitFor(() => expect(seen()).toBe('w1'));
    await vi.waitFor(() => expect(found.map((bad) => bad.kind)).toContain(kind));
    for (const bad of found) expect(JSON.stringify(bad).length).toBeLessThan(700);
    // However often it is read, each process tells of it once.
    await stranger.incr(VERSION);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(found.length).toBeLessThanOrEqual(2);
  });

  it.each<[string, (key: string) => Promise<unknown>, string]>([
    ['a text in the place of records', (key) => stranger.set(key, 'x'), RECORDS],
    ['a list in the place of leases', (key) => stranger.lpush(key, 'x'), LEASES],
    ['a set in the place of the version', (key) => stranger.sadd(key, 'x'), VERSION],
    ['a text in the place of names', (key) => stranger.set(key, 'x'), NAMES],
  ])('%s is removed', async (_what, write, key) => {
    const [owner, consumer] = [await connect(), await connect()];
    await write(key);
    const seen = follow(consumer);
    held(await owner.registerWorker(worker('w1'), 5_000));
    await vi.waitFor(() => expect(seen()).toBe('w1'));
    expect(owner.health()).toEqual({ kind: 'connected' });
    if (key !== NAMES) expect(found.find(({ kind }) => kind === 'removed')?.id).toBe(key);
  });

  it.each(['not a number', '9'.repeat(300), '1e300'])('a version of %s is made anew', async (version) => {
    const [owner, consumer] = [await connect(), await connect()];
    const seen = follow(consumer);
    held(await owner.registerWorker(worker('w1'), 5_000));
    await vi.waitFor(() => expect(seen()).toBe('w1'));
    await stranger.set(VERSION, version);
    held(await owner.registerWorker(worker('w2'), 5_000));
    await vi.waitFor(() => expect(seen()).toBe('w1 w2'));
  });

  it('records without a lease and leases without a record are removed, and what is far ahead ends', async () => {
    const owner = await connect();
    held(await owner.registerWorker(worker('w1'), 5_000));
    for (let id = 0; id < 20; id += 1) await stranger.hset(RECORDS, `worker:orphan${id}`, 'x');
    await stranger.zadd(LEASES, FAR_MS, 'worker:nobody', '+inf', 'worker:w9');
    await stranger.hset(RECORDS, 'worker:w9', 'x');
    const seen = follow(await connect());
    await vi.waitFor(async () => {
      expect(await stranger.hkeys(RECORDS)).toEqual(expect.arrayContaining(['worker:w1', 'worker:w9']));
      expect(await stranger.hlen(RECORDS)).toBe(2);
      expect(await stranger.zcard(LEASES)).toBe(2);
    });
    expect(Number(await stranger.zscore(LEASES, 'worker:w9'))).toBeLessThan(Date.now() + 70_000);
    await vi.waitFor(() => expect(seen()).toBe('w1'));
    expect(found.filter(({ kind }) => kind === 'removed').length).toBeGreaterThan(20);
  });

  it('names that are none are removed from the list of endpoints', async () => {
    await stranger.sadd(NAMES, 'not an endpoint', 'x'.repeat(1_000));
    const owner = await connect();
    held(await owner.registerWorker(worker('w1'), 5_000));
    const seen: number[] = [];
    owner.watchEndpoints(endpoint.namespace, (endpoints) => seen.push(endpoints.length));
    await vi.waitFor(() => expect(seen.at(-1)).toBe(1));
    expect(await stranger.scard(NAMES)).toBe(1);
  });

  it('says who holds the terms of a pool that a newcomer disagrees with', async () => {
    const owner = await connect();
    held(await owner.registerWorker(worker('w1'), 5_000));
    const refused = await owner.registerWorker(worker('w2', { blockSize: 16 }), 5_000);
    expect(refused).toMatchObject({ code: 'REGISTRY_BLOCK_SIZE_MISMATCH' });
    expect(refused.kind === 'refused' && refused.message).toMatch(/worker:w1 says so/);
  });

  it('says what Redis has said when it refuses, not that it does not answer', async () => {
    const owner = await connect();
    await stranger.config('SET', 'maxmemory', '1');
    try {
      await expect(owner.registerWorker(worker('w1'), 5_000)).rejects.toThrow(/Redis refuses: .*OOM/);
    } finally {
      await stranger.config('SET', 'maxmemory', '0');
    }
  });
});

describe('records with a seal', () => {
  const trust = (...fills: number[]): RecordTrust => ({ seal: sealOf(...fills), believesUnsealed: false });

  it('are believed; forged, altered and moved ones are not, and are named', async () => {
    const owner = await connect(trust(1));
    held(await owner.registerWorker(worker('w1'), 5_000));
    held(await (await connect()).registerWorker(worker('forged'), 5_000));
    const moved = await altered('worker:w1', () => undefined);
    await forge('worker:w2', moved);
    await forge(
      'worker:w3',
      await altered('worker:w1', (fields) => {
        fields['r'] = (fields['r'] ?? '').replaceAll('w1', 'w3');
      }),
    );
    const seen = follow(await connect(trust(1)));
    await vi.waitFor(() => expect(seen()).toBe('w1'));
    await vi.waitFor(() =>
      expect(found.map(({ id, kind }) => `${id} ${kind}`).sort()).toEqual([
        'worker:forged unsealed',
        'worker:w2 wrongSeal',
        'worker:w3 wrongSeal',
      ]),
    );
  });

  it('a forged claim of another block size, a forged later life and forged company keep nobody out', async () => {
    const believer = await connect(trust(1));
    const forger = await connect();
    held(await forger.registerWorker(worker('other', { blockSize: 16 }), 5_000));
    held(await forger.registerWorker(worker('w1', { blockSize: 16, incarnation: life(9_000) }), 5_000));
    const lease = held(await believer.registerWorker(worker('w1', { incarnation: life(1_000) }), 600));
    const seen = follow(await connect(trust(1)));
    await vi.waitFor(() => expect(seen()).toBe('w1'));
    // Put in its place while it is held, a forged record is put aside too.
    await forge(
      'worker:w1',
      await altered('worker:w1', (fields) => {
        fields['t'] = 'mine';
        fields['i'] = life(9_000);
      }),
    );
    await vi.waitFor(() => expect(seen()).toBe(''));
    await vi.waitFor(() => expect(seen()).toBe('w1'), { timeout: 3_000 });
    expect(lease.state()).toEqual({ kind: 'held' });
  });

  it('a record whose envelope says something else than its seal covers is not believed', async () => {
    const owner = await connect(trust(1));
    held(await owner.registerWorker(worker('w1'), 60_000));
    await forge(
      'worker:w1',
      await altered('worker:w1', (fields) => {
        fields['b'] = 16 as unknown as string;
      }),
    );
    const seen = follow(await connect(trust(1)));
    await vi.waitFor(() => expect(found.map(({ reason }) => reason)).toContain(ENVELOPE_DIFFERS));
    expect(seen()).toBe('');
    held(await owner.registerWorker(worker('w2'), 5_000));
  });

  it('are written anew when the keys change, so that an old key can be taken away', async () => {
    let keysNow = sealOf(1);
    const changing: RecordTrust = {
      get seal() {
        return keysNow;
      },
      believesUnsealed: false,
    };
    const owner = await connect(changing);
    held(await owner.registerWorker(worker('w1'), 300));
    const [before, after] = [follow(await connect(trust(1, 2))), follow(await connect(trust(2)))];
    await vi.waitFor(() => expect(before()).toBe('w1'));
    expect(after()).toBe('');
    keysNow = sealOf(2, 1);
    await vi.waitFor(() => expect(after()).toBe('w1'));
    expect(before()).toBe('w1');
  });

  it('are not asked for while a secret is being introduced, but a wrong one is not believed', async () => {
    const lenient: RecordTrust = { seal: sealOf(1), believesUnsealed: true };
    held(await (await connect()).registerWorker(worker('w1'), 5_000));
    held(await (await connect(lenient)).registerWorker(worker('w2'), 5_000));
    held(await (await connect(trust(9))).registerWorker(worker('w3'), 5_000));
    const seen = follow(await connect(lenient));
    await vi.waitFor(() => expect(seen()).toBe('w1 w2'));
    const open = follow(await connect());
    await vi.waitFor(() => expect(open()).toBe('w1 w2 w3'));
  });
});

const ENVELOPE_DIFFERS = 'its envelope says something else than its record';
