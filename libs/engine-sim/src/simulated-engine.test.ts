import { sequenceHashes } from '@kvasir/block-hash';
import { describe, expect, it } from 'vitest';
import { ENGINE_OPTIONS_DEFAULT } from './messages.js';
import type { EngineOptions, RequestRole, SimOutput, SubmitOutcome, TokenSource } from './messages.js';
import { SimulatedEngine } from './simulated-engine.js';
import { stepMs, TRANSFER_MODEL_DEFAULT, transferMs } from './timing.js';

const BLOCK_SIZE = 4;
const BLOCKS = 64;

function engine(options: Partial<EngineOptions> = {}): SimulatedEngine {
  return new SimulatedEngine(
    { ...ENGINE_OPTIONS_DEFAULT, blockSize: BLOCK_SIZE, blockCount: BLOCKS, ...options },
    0,
  );
}

/** 500, 501, 502 … ending after `count`. */
function counting(count: number): TokenSource {
  let given = 0;
  return {
    next: () => 500 + given++,
    get isEnded() {
      return given >= count;
    },
  };
}

interface Ask {
  readonly id: string;
  readonly tokens: readonly number[];
  readonly output?: number;
  readonly role?: RequestRole;
  readonly atMs?: number;
  readonly salt?: string;
  readonly endsAfter?: number;
}

function submit(to: SimulatedEngine, ask: Ask): SubmitOutcome {
  return to.submit(
    {
      id: ask.id,
      tokens: Uint32Array.from(ask.tokens),
      namespace: { cacheSalt: ask.salt },
      outputTokensMax: ask.output ?? 2,
      role: ask.role ?? { kind: 'whole' },
      source: counting(ask.endsAfter ?? Infinity),
    },
    ask.atMs ?? 0,
  );
}

const range = (count: number, first = 0): number[] =>
  Array.from({ length: count }, (_, index) => first + index);
const ofKind = <Kind extends SimOutput['kind']>(outputs: readonly SimOutput[], kind: Kind) =>
  outputs.filter((output): output is Extract<SimOutput, { kind: Kind }> => output.kind === kind);

/** Runs until nothing is due by itself. */
function settle(of: SimulatedEngine): SimOutput[] {
  const all: SimOutput[] = [];
  for (let wakeMs = of.nextWakeMs(); wakeMs !== null; wakeMs = of.nextWakeMs())
    all.push(...of.advance(wakeMs));
  return all;
}

const { timing } = ENGINE_OPTIONS_DEFAULT;
const prefillMs = (tokens: number): number =>
  stepMs(timing, { prefillTokens: tokens, prefillPairs: 0, decodeSequences: 0, kvShare: 0 });
const decodeMs = (blocks: number): number =>
  stepMs(timing, { prefillTokens: 0, prefillPairs: 0, decodeSequences: 1, kvShare: blocks / BLOCKS });

describe('a request', () => {
  it('takes a prefill step, then a decode step per token, in virtual time', () => {
    const made = engine();
    submit(made, { id: 'q', tokens: range(10), output: 3, atMs: 100 });
    const outputs = settle(made);
    const tokens = ofKind(outputs, 'token');
    expect(tokens.map(({ token }) => token)).toEqual([500, 501, 502]);
    expect(tokens[0]?.atMs).toBeCloseTo(100 + prefillMs(10));
    expect(tokens[1]?.atMs).toBeCloseTo(100 + prefillMs(10) + decodeMs(3));
    expect(ofKind(outputs, 'finished')).toMatchObject([
      {
        id: 'q',
        reason: 'length',
        usage: { promptTokens: 10, outputTokens: 3, cachedTokens: 0, fetchedTokens: 0 },
        times: { arrivedMs: 100, startedMs: 100, firstTokenMs: tokens[0]?.atMs },
        keptBlocks: null,
      },
    ]);
    expect(made.load()).toMatchObject({ steps: 3, prefillTokens: 10, outputTokens: 3 });
  });

  it('shares its first step with those that came at the same time', () => {
    const made = engine();
    submit(made, { id: 'a', tokens: range(10), output: 1 });
    submit(made, { id: 'b', tokens: range(20, 100), output: 1 });
    const finished = ofKind(settle(made), 'finished');
    expect(finished.map(({ atMs }) => atMs)).toEqual([prefillMs(30), prefillMs(30)]);
  });

  it('waits for the step under way, then joins the running ones', () => {
    const made = engine();
    submit(made, { id: 'a', tokens: range(10), output: 2 });
    submit(made, { id: 'b', tokens: range(8, 100), output: 1, atMs: 1 });
    expect(made.load()).toMatchObject({ runningRequests: 1, waitingRequests: 1 });
    const [second] = ofKind(settle(made), 'finished').filter(({ id }) => id === 'b');
    expect(second?.times.startedMs).toBeCloseTo(prefillMs(10));
    // One step computes the prompt of b and the second token of a.
    expect(second?.atMs).toBeCloseTo(prefillMs(10) + prefillMs(8) + decodeMs(3 + 2));
  });

  it('gives the same outputs whether time passes at once or in small pieces', () => {
    const run = (pieceMs: number): SimOutput[] => {
      const made = engine({ blockCount: 14 });
      submit(made, { id: 'a', tokens: range(30), output: 6 });
      submit(made, { id: 'b', tokens: range(9, 100), output: 6 });
      const all: SimOutput[] = [];
      for (let nowMs = 0; nowMs < 2_000; nowMs += pieceMs) all.push(...made.advance(nowMs));
      return all;
    };
    expect(run(1)).toEqual(run(1_999));
  });

  it('computes a long prompt in chunks of the step budget', () => {
    const made = engine({ stepTokensMax: 8 });
    submit(made, { id: 'long', tokens: range(20), output: 1 });
    const outputs = settle(made);
    expect(ofKind(outputs, 'token')[0]?.atMs).toBeCloseTo(prefillMs(8) + prefillMs(8) + prefillMs(4));
    expect(ofKind(outputs, 'kvStored').map(({ hashes }) => hashes.length / 2)).toEqual([2, 2, 1]);
  });

  it('serves running requests before it takes up waiting ones', () => {
    const made = engine({ stepTokensMax: 8 });
    submit(made, { id: 'a', tokens: range(8), output: 3 });
    submit(made, { id: 'b', tokens: range(16, 100), output: 1, atMs: 1 });
    const tokens = ofKind(settle(made), 'token');
    // b gets 7 tokens of each step while a generates, then the last 2: a is not held up.
    expect(tokens.map(({ id }) => id)).toEqual(['a', 'a', 'a', 'b']);
  });

  it('reports what it found cached, and computes its last token all the same', () => {
    const made = engine();
    submit(made, { id: 'first', tokens: range(12) });
    settle(made);
    submit(made, { id: 'again', tokens: range(12) });
    expect(ofKind(settle(made), 'finished')[0]?.usage).toMatchObject({ promptTokens: 12, cachedTokens: 8 });
    expect(made.load()).toMatchObject({ queriedTokens: 24, hitTokens: 8, kvUsedShare: 0, cachedBlocks: 3 });
  });

  it('finds its generated tokens cached in the next turn', () => {
    const made = engine();
    submit(made, { id: 'turn1', tokens: range(8), output: 5 });
    settle(made);
    submit(made, { id: 'turn2', tokens: [...range(8), 500, 501, 502, 503, 7, 7], output: 1 });
    expect(ofKind(settle(made), 'finished')[0]?.usage.cachedTokens).toBe(12);
  });

  it('does not find equal tokens of another namespace', () => {
    const made = engine();
    submit(made, { id: 'a', tokens: range(12) });
    settle(made);
    submit(made, { id: 'b', tokens: range(12), salt: 'tenant' });
    expect(ofKind(settle(made), 'finished')[0]?.usage.cachedTokens).toBe(0);
  });

  it('shares blocks with a running one that has computed them', () => {
    const made = engine();
    submit(made, { id: 'a', tokens: range(16), output: 40 });
    made.advance(prefillMs(16));
    submit(made, { id: 'b', tokens: [...range(16), 9, 9], output: 40, atMs: prefillMs(16) + 1 });
    made.advance(prefillMs(16) + 40);
    // 4 shared, 1 of a's output, 1 of b.
    expect(made.load().kvUsedShare).toBeCloseTo(6 / BLOCKS);
  });

  it('is refused when it can never fit, to the token', () => {
    const made = engine({ blockCount: 3 });
    expect(submit(made, { id: 'q', tokens: range(12), output: 2 })).toEqual({
      kind: 'neverFits',
      neededBlocks: 4,
      blockCount: 3,
    });
    expect(submit(made, { id: 'q', tokens: range(12), output: 1 })).toEqual({ kind: 'accepted' });
    expect(ofKind(settle(made), 'finished')).toHaveLength(1);
  });

  it('is refused when as many wait as may', () => {
    const made = engine({ waitingMax: 1 });
    submit(made, { id: 'a', tokens: range(4) });
    expect(submit(made, { id: 'b', tokens: range(4) })).toEqual({ kind: 'queueFull', waitingMax: 1 });
    expect(made.load().refusedRequests).toBe(1);
  });

  it('ends with its source, the last token included', () => {
    const made = engine();
    submit(made, { id: 'q', tokens: [1], output: 9, endsAfter: 2 });
    expect(ofKind(settle(made), 'finished')).toMatchObject([{ reason: 'stop', usage: { outputTokens: 2 } }]);
  });

  it('leaves nothing behind when it is aborted, wherever it is', () => {
    const made = engine({ runningMax: 1 });
    submit(made, { id: 'running', tokens: range(30), output: 50 });
    submit(made, { id: 'waiting', tokens: range(30), output: 50 });
    made.advance(40);
    expect(made.load()).toMatchObject({ runningRequests: 1, waitingRequests: 1 });
    expect(made.abort('waiting', 41)).toBe(true);
    expect(made.abort('running', 41)).toBe(true);
    expect(made.abort('running', 41)).toBe(false);
    expect(made.load()).toMatchObject({ runningRequests: 0, waitingRequests: 0, kvUsedShare: 0 });
    expect(ofKind(settle(made), 'finished')).toEqual([]);
  });

  it('cannot have an id that is in use, nor no tokens', () => {
    const made = engine();
    submit(made, { id: 'q', tokens: [1] });
    expect(() => submit(made, { id: 'q', tokens: [1] })).toThrow(TypeError);
    expect(() => submit(made, { id: 'empty', tokens: [] })).toThrow(RangeError);
    expect(() => engine({ blockCount: 0 })).toThrow(RangeError);
  });
});

describe('blocks that run out', () => {
  it('make the newest request start over, and all finish with what they would have said', () => {
    const made = engine({ blockCount: 8 });
    for (const id of ['a', 'b', 'c'])
      submit(made, { id, tokens: range(8, id.charCodeAt(0) * 10), output: 16 });
    const outputs = settle(made);
    const finished = ofKind(outputs, 'finished');
    expect(finished.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    expect(made.load().preemptions).toBeGreaterThan(0);
    for (const id of ['a', 'b', 'c']) {
      const said = ofKind(outputs, 'token').filter((token) => token.id === id);
      expect(said.map(({ token }) => token)).toEqual(range(16, 500));
    }
  });

  it('evict the tail of a sequence before its head', () => {
    const made = engine({ blockCount: 8 });
    submit(made, { id: 'old', tokens: range(16), output: 1 });
    settle(made);
    submit(made, { id: 'new', tokens: range(20, 100), output: 1 });
    const removed = ofKind(settle(made), 'kvRemoved');
    expect(removed).toHaveLength(1);
    const old = sequenceHashes(Uint32Array.from(range(16)), BLOCK_SIZE);
    expect([...(removed[0]?.hashes ?? [])]).toEqual([...old.slice(6, 8)]);
    submit(made, { id: 'old again', tokens: range(16), output: 1 });
    expect(ofKind(settle(made), 'finished')[0]?.usage.cachedTokens).toBe(12);
  });

  it('keep a prompt waiting until all of it fits', () => {
    const made = engine({ blockCount: 10, stepTokensMax: 4 });
    submit(made, { id: 'a', tokens: range(20), output: 4 });
    submit(made, { id: 'b', tokens: range(24, 100), output: 1 });
    const outputs = settle(made);
    expect(made.load().preemptions).toBe(0);
    expect(ofKind(outputs, 'finished').map(({ id }) => id)).toEqual(['a', 'b']);
  });
});

describe('the cache', () => {
  it('counts what two compute at the same time once', () => {
    const made = engine();
    submit(made, { id: 'a', tokens: range(8), output: 1 });
    submit(made, { id: 'b', tokens: range(8), output: 1 });
    expect(ofKind(settle(made), 'kvStored')).toHaveLength(1);
    expect(made.load().cachedBlocks).toBe(2);
  });

  it('is reset only while nothing is in use', () => {
    const made = engine();
    submit(made, { id: 'a', tokens: range(8), output: 30 });
    made.advance(50);
    expect(made.resetCache(50)).toBe(false);
    settle(made);
    expect(made.resetCache(10_000)).toBe(true);
    expect(made.advance(10_000)).toEqual([{ kind: 'kvCleared' }]);
    submit(made, { id: 'b', tokens: range(8), output: 1, atMs: 10_000 });
    expect(ofKind(settle(made), 'finished')[0]?.usage.cachedTokens).toBe(0);
  });
});

describe('a prefill for another engine', () => {
  const role: RequestRole = { kind: 'prefill', leaseMs: 1_000 };

  it('keeps its blocks for its lease, and lets go at its end', () => {
    const made = engine();
    submit(made, { id: 'p', tokens: range(13), output: 1, role });
    const [finished] = ofKind(made.advance(500), 'finished');
    expect(finished?.keptBlocks).toHaveLength(4);
    expect(made.load()).toMatchObject({ kvUsedShare: 4 / BLOCKS, keptPrefills: 1, runningRequests: 0 });
    const expired = ofKind(made.advance(2_000), 'leaseExpired');
    expect(expired).toMatchObject([{ id: 'p', atMs: (finished?.atMs ?? 0) + 1_000 }]);
    expect(made.load()).toMatchObject({ kvUsedShare: 0, keptPrefills: 0, expiredLeases: 1 });
    expect(made.release('p', 2_000)).toBe(false);
  });

  it('lets go when it is released, and stays for longer when asked', () => {
    const made = engine();
    submit(made, { id: 'p', tokens: range(12), output: 1, role });
    made.advance(500);
    expect(made.extendLease('p', 5_000)).toBe(true);
    expect(made.extendLease('p', 100)).toBe(true);
    expect(made.extendLease('other', 100)).toBe(false);
    expect(ofKind(made.advance(4_000), 'leaseExpired')).toEqual([]);
    expect(made.release('p', 4_000)).toBe(true);
    expect(made.load().kvUsedShare).toBe(0);
  });

  it('keeps nothing when the answer has ended by itself', () => {
    const made = engine();
    submit(made, { id: 'p', tokens: range(12), output: 1, role, endsAfter: 1 });
    expect(ofKind(settle(made), 'finished')).toMatchObject([{ reason: 'stop', keptBlocks: null }]);
    expect(made.load().kvUsedShare).toBe(0);
  });

  it('whose lease ends makes room for who waits', () => {
    const made = engine({ blockCount: 4 });
    submit(made, { id: 'p', tokens: range(12), output: 1, role });
    made.advance(500);
    submit(made, { id: 'q', tokens: range(12, 100), output: 1, atMs: 500 });
    expect(ofKind(made.advance(900), 'finished')).toEqual([]);
    expect(ofKind(settle(made), 'finished').map(({ id }) => id)).toEqual(['q']);
  });
});

describe('a request with blocks on another engine', () => {
  const role: RequestRole = { kind: 'decode' };
  const transfer = TRANSFER_MODEL_DEFAULT;

  it('begins to generate after the transfer, without computing the prompt', () => {
    const made = engine();
    submit(made, { id: 'd', tokens: range(40), output: 2, role });
    expect(made.advance(0)).toEqual([{ kind: 'transferWanted', atMs: 0, id: 'd', tokens: 40 }]);
    expect(made.load()).toMatchObject({ kvUsedShare: 10 / BLOCKS, waitingRequests: 1, runningRequests: 0 });
    expect(made.transferred('d', 0.1)).toBe(true);
    const outputs = settle(made);
    const endMs = transferMs(transfer, 40);
    expect(ofKind(outputs, 'transferEnded')).toEqual([{ kind: 'transferEnded', atMs: endMs, id: 'd' }]);
    expect(ofKind(outputs, 'token')[0]?.atMs).toBeCloseTo(endMs + decodeMs(10));
    // The last block is complete only when its last token is computed.
    const hashes = sequenceHashes(Uint32Array.from(range(40)), BLOCK_SIZE);
    expect(ofKind(outputs, 'kvStored').map((stored) => [...stored.hashes])).toEqual([
      [...hashes.slice(0, 18)],
      [...hashes.slice(18)],
    ]);
    expect(ofKind(outputs, 'finished')[0]?.usage).toMatchObject({ cachedTokens: 0, fetchedTokens: 40 });
    expect(made.load()).toMatchObject({ fetchedTokens: 40, prefillTokens: 0 });
  });

  it('fetches only what it does not hold', () => {
    const made = engine();
    submit(made, { id: 'before', tokens: range(40), output: 1 });
    settle(made);
    submit(made, { id: 'd', tokens: range(42), output: 1, role, atMs: 500 });
    expect(ofKind(made.advance(500), 'transferWanted')).toMatchObject([{ tokens: 2 }]);
  });

  it('does not begin before it is told that the blocks are there', () => {
    const made = engine();
    submit(made, { id: 'd', tokens: range(40), output: 1, role });
    made.advance(5_000);
    expect(made.transferred('d', 5_000)).toBe(true);
    expect(ofKind(settle(made), 'token')[0]?.atMs).toBeCloseTo(5_000 + decodeMs(10));
  });

  it('fails with its transfer, or is computed here, by policy', () => {
    const failing = engine();
    submit(failing, { id: 'd', tokens: range(40), output: 1, role });
    failing.advance(0);
    expect(failing.transferFailed('d', 3)).toBe(true);
    expect(settle(failing)).toEqual([{ kind: 'failed', atMs: 3, id: 'd' }]);
    expect(failing.load()).toMatchObject({ kvUsedShare: 0, waitingRequests: 0, failedTransfers: 1 });

    const recomputing = engine({ transfer: { ...transfer, onFailure: 'recompute' } });
    submit(recomputing, { id: 'd', tokens: range(40), output: 1, role });
    recomputing.advance(0);
    expect(recomputing.transferFailed('d', 3)).toBe(true);
    const outputs = settle(recomputing);
    expect(ofKind(outputs, 'finished')[0]?.atMs).toBeCloseTo(3 + prefillMs(40));
    expect(ofKind(outputs, 'finished')[0]?.usage.fetchedTokens).toBe(0);
  });

  it('frees its blocks when it is aborted during the transfer', () => {
    const made = engine();
    submit(made, { id: 'd', tokens: range(40), output: 1, role });
    made.advance(0);
    made.transferred('d', 0);
    expect(made.abort('d', 0.5)).toBe(true);
    expect(made.transferred('d', 1)).toBe(false);
    expect(made.transferFailed('d', 1)).toBe(false);
    expect(settle(made)).toEqual([]);
    expect(made.load()).toMatchObject({ kvUsedShare: 0, waitingRequests: 0 });
  });

  it('runs although somebody before it had to start over', () => {
    const made = engine({ blockCount: 8 });
    submit(made, { id: 'grows', tokens: range(15), output: 14 });
    submit(made, { id: 'd', tokens: range(15, 100), output: 1, role });
    const early = made.advance(0);
    expect(ofKind(early, 'transferWanted')).toHaveLength(1);
    // The first needs a fifth block before the transfer has ended: it holds 4, the transfer the other 4.
    made.advance(60);
    expect(made.load().preemptions).toBe(1);
    made.transferred('d', 60);
    expect(
      ofKind(settle(made), 'finished')
        .map(({ id }) => id)
        .sort(),
    ).toEqual(['d', 'grows']);
  });
});
