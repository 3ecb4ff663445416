import { describe, expect, it } from 'vitest';
import { decodeTrtllmEvents } from './decode-trtllm-json.js';
import { parseExactJson } from './exact-json.js';

const token = (id: number, extra = 0) => ({ type: 'unique_token', token_id: id, token_extra_id: extra });
const block = (hash: number | string, ...tokens: readonly object[]) => ({
  type: 'stored_block',
  block_hash: hash,
  tokens,
  cache_level: 0,
});
const event = (data: object, fields: object = {}) => ({ event_id: 1, window_size: 4_096, data, ...fields });

describe('decodeTrtllmEvents()', () => {
  it('reads stored and removed blocks, and leaves out what moves', () => {
    const batches = decodeTrtllmEvents([
      event({ type: 'created', num_blocks_per_cache_level: [10] }),
      event({
        type: 'stored',
        parent_hash: 0,
        blocks: [block(11, token(1), token(2)), block(12, token(3), token(4))],
      }),
      event({ type: 'updated', block_hash: 11, cache_level: null, priority: null }),
      event({ type: 'removed', block_hashes: [12, 'ab01'] }),
    ]);
    expect(batches).toEqual([
      {
        rank: null,
        dropped: [],
        events: [
          expect.objectContaining({
            kind: 'stored',
            parent: null,
            hashes: ['000000000000000b', '000000000000000c'],
            tokens: Uint32Array.of(1, 2, 3, 4),
            blockSize: 2,
            opaqueFrom: null,
          }) as object,
          expect.objectContaining({ kind: 'removed', hashes: ['000000000000000c', 'ab01'] }) as object,
        ],
      },
    ]);
  });

  it('stops at a block that is partly filled, and marks media', () => {
    const stored = {
      type: 'stored',
      parent_hash: 5,
      blocks: [block(11, token(1), token(2, 7)), block(12, token(3))],
    };
    expect(decodeTrtllmEvents([event(stored)])?.[0]?.events[0]).toMatchObject({
      parent: '0000000000000005',
      hashes: ['000000000000000b'],
      opaqueFrom: 0,
    });
  });

  it('keeps ranks apart and looks at the largest window only', () => {
    const stored = (hash: number) => ({ type: 'stored', parent_hash: null, blocks: [block(hash, token(1))] });
    const batches = decodeTrtllmEvents([
      event(stored(1), { attention_dp_rank: 0 }),
      event(stored(2), { attention_dp_rank: 1 }),
      event(stored(3), { attention_dp_rank: 0, window_size: 512 }),
    ]);
    expect(batches?.map(({ rank, events }) => [rank, events.length])).toEqual([
      [0, 1],
      [1, 1],
    ]);
  });

  it('keeps all 64 bits of a hash, and never takes a run with an unreadable parent for a beginning', () => {
    const text =
      '[{"data":{"type":"stored","parent_hash":18446744073709551615,"blocks":[{"block_hash":-9223372036854775808,"tokens":[{"token_id":1}]}]}}]';
    expect(decodeTrtllmEvents(parseExactJson(text))?.[0]?.events[0]).toMatchObject({
      parent: 'ffffffffffffffff',
      hashes: ['8000000000000000'],
    });
    const orphan = { type: 'stored', parent_hash: {}, blocks: [block(1, token(1))] };
    expect(decodeTrtllmEvents([event(orphan)])?.[0]).toMatchObject({ events: [], dropped: ['badHash'] });
  });

  it('trap: reads answers of a hundred thousand events, tokens and windows', () => {
    const many = 200_000;
    const run = { ...block(1), tokens: Array.from({ length: many }, (_, id) => token(id)) };
    const stored = event({ type: 'stored', parent_hash: null, blocks: [run] });
    expect(decodeTrtllmEvents([stored])?.[0]?.events[0]).toMatchObject({ blockSize: many });
    const removals = Array.from({ length: many }, (_, hash) =>
      event({ type: 'removed', block_hashes: [hash] }),
    );
    expect(decodeTrtllmEvents(removals)?.[0]?.events).toHaveLength(many);
    const wide = event({
      type: 'stored',
      parent_hash: null,
      blocks: [block(1, token(0xffff_ffff)), block(2, token(0x1_0000_0000))],
    });
    expect(decodeTrtllmEvents([wide])?.[0]).toMatchObject({ events: [], dropped: ['badTokens'] });
  });

  it('counts what it cannot read', () => {
    const dropped = decodeTrtllmEvents([
      event({ type: 'stored', blocks: [{ tokens: [] }] }),
      event({ type: 'new' }),
      null,
    ])?.[0]?.dropped;
    expect(dropped).toEqual(['badHash', 'unknownTag', 'unknownTag']);
    expect(decodeTrtllmEvents({})).toBeNull();
  });
});
