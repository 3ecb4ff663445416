import { incarnation, workerId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import type { DumpEventsResponseOutput, RouteDecisionOutput } from '@kvasir/contract';
import { decodeChain, decodeDecision, decodeGenerateEvent, encodeChain } from './router-wire.js';

const decision: RouteDecisionOutput = {
  workerId: 'w',
  rank: 0,
  url: 'http://h',
  dialect: 'vllm',
  incarnation: 'i',
  overlapBlocks: 0,
  promptBlocks: 0,
  blockSize: 64,
  cachedTokens: 0,
  cost: 0,
  terms: [],
  pool: '',
  routerAddress: '',
};

const code = (action: () => unknown): unknown => {
  try {
    return action();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

describe('decodeDecision()', () => {
  it('knows every dialect and refuses one it does not know', () => {
    for (const dialect of ['vllm', 'sglang', 'trtllm'])
      expect(decodeDecision({ ...decision, dialect })).toMatchObject({
        dialect,
        pool: null,
        incarnation: incarnation('i'),
      });
    expect(code(() => decodeDecision({ ...decision, dialect: 'other' }))).toBe('RPC_INVALID_FIELD');
  });
});

describe('decodeChain()', () => {
  const chain = {
    workerId: workerId('w'),
    rank: 2,
    parent: Uint32Array.of(1, 2),
    hashes: Uint32Array.of(3, 4, 5, 6),
  };
  const sent = encodeChain(chain) as DumpEventsResponseOutput;

  it('gives back a chain with and without a parent', () => {
    expect(decodeChain(sent)).toEqual(chain);
    expect(
      decodeChain(encodeChain({ ...chain, parent: null }) as DumpEventsResponseOutput).parent,
    ).toBeNull();
  });

  it('refuses hashes that are not whole', () => {
    expect(code(() => decodeChain({ ...sent, parentHash: Buffer.alloc(7) }))).toBe('RPC_INVALID_FIELD');
    expect(code(() => decodeChain({ ...sent, parentHash: Buffer.alloc(16) }))).toBe('RPC_INVALID_FIELD');
    expect(code(() => decodeChain({ ...sent, sequenceHashes: Buffer.alloc(12) }))).toBe('RPC_INVALID_FIELD');
  });
});

describe('decodeGenerateEvent()', () => {
  it('refuses an event of a kind it does not know', () => {
    expect(code(() => decodeGenerateEvent({}))).toBe('RPC_INVALID_FIELD');
  });
});
