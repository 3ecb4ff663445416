import { describe, expect, it } from 'vitest';
import type { EngineKvEvent } from './decode/engine-kv-event.js';
import { EngineKvLedger } from './engine-kv-ledger.js';

const BLOCK = 4;
const BLOCKS_MAX = 2;

function stored(...hashes: readonly string[]): EngineKvEvent {
  return {
    kind: 'stored',
    hashes,
    parent: null,
    tokens: Uint32Array.from({ length: BLOCK * hashes.length }, (_, index) => hashes.length * 100 + index),
    blockSize: BLOCK,
    loraName: null,
    cacheSalt: null,
    media: new Map(),
    opaqueFrom: null,
    tier: 'device',
    group: null,
    isFullAttention: true,
    origin: 'new',
  };
}

const REMOVED: EngineKvEvent = {
  kind: 'removed',
  hashes: ['a'],
  copiesLeft: null,
  isPerCopy: true,
  tier: 'device',
  group: null,
};

function ledgerAfter(...events: readonly EngineKvEvent[]): EngineKvLedger {
  const sink = { stored: () => undefined, removed: () => undefined, cleared: () => undefined };
  const ledger = new EngineKvLedger(BLOCK, sink, { copies: 'learned', blocksMax: BLOCKS_MAX });
  for (const event of events) ledger.apply(event, 0);
  return ledger;
}

describe('the size that an engine says it has', () => {
  it('is not believed once its own events refute it', () => {
    const ledger = ledgerAfter(stored('v', 'w', 'x'));
    expect(ledger.heldBlocks).toBe(3);
    expect(ledger.counts()).toMatchObject({ refutedSizes: 1, overfull: 0 });
  });

  it('is believed of an engine that lets blocks go: too many are what was missed', () => {
    const ledger = ledgerAfter(stored('a'), REMOVED, stored('v', 'w', 'x'));
    expect(ledger.heldBlocks).toBe(0);
    expect(ledger.counts()).toMatchObject({ refutedSizes: 0, overfull: 1 });
  });
});
