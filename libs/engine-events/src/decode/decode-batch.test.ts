import { Encoder } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { encodeEngineBatch, eventFormats } from '../encode-batch.js';
import type { MockKvEvent } from '../encode-batch.js';
import { decodeEngineBatch } from './decode-batch.js';
import type { EngineKvBatch } from './engine-kv-event.js';

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');
const encoder = new Encoder({ useBigInt64: true });
const message = (...events: readonly unknown[]): Uint8Array => encoder.encode([1.5, events, 0]);
const stored = (fields: object = {}): object => ({
  type: 'BlockStored',
  block_hashes: [7n],
  parent_block_hash: null,
  token_ids: [1, 2],
  block_size: 2,
  lora_id: null,
  medium: 'GPU',
  lora_name: null,
  ...fields,
});
const read = (payload: Uint8Array): EngineKvBatch => {
  const batch = decodeEngineBatch(payload);
  if (typeof batch === 'string') throw new Error(`Cannot read the batch: ${batch}`);
  return batch;
};
const only = (payload: Uint8Array) => {
  const { events, dropped } = read(payload);
  return events[0] ?? dropped[0];
};

/** Written by msgspec 0.22 from vLLM's own classes. */
const GOLDEN = {
  arrayStored:
    '93cb3ff0000000000000919aab426c6f636b53746f72656491cfffffffffffffffffc092010202c0a3475055c0c0c0c0',
  arrayCleared: '93cb3ff00000000000009191b0416c6c426c6f636b73436c656172656400',
  mapStored:
    '93cb3ff00000000000009188a474797065ab426c6f636b53746f726564ac626c6f636b5f68617368657391cfffffffffffffffffb1706172656e745f626c6f636b5f68617368c0a9746f6b656e5f696473920102aa626c6f636b5f73697a6502a76c6f72615f6964c0a66d656469756da3475055a96c6f72615f6e616d65c003',
  mapCleared: '93cb3ff00000000000009181a474797065b0416c6c426c6f636b73436c656172656400',
};

describe('decodeEngineBatch()', () => {
  it.each([
    ['arrayStored', null],
    ['mapStored', 3],
  ] as const)('reads the golden bytes of vLLM (%s)', (name, rank) => {
    const batch = read(hex(GOLDEN[name]));
    expect(batch).toMatchObject({ rank, dropped: [] });
    expect(batch.events).toEqual([
      {
        kind: 'stored',
        hashes: ['ffffffffffffffff'],
        parent: null,
        tokens: Uint32Array.of(1, 2),
        blockSize: 2,
        loraName: null,
        cacheSalt: null,
        media: new Map(),
        opaqueFrom: null,
        tier: 'device',
        group: null,
        isFullAttention: true,
        // Releases that write arrays tell of new blocks only.
        origin: name === 'arrayStored' ? 'new' : 'untold',
      },
    ]);
  });

  it.each(['arrayCleared', 'mapCleared'] as const)('reads the golden bytes of vLLM (%s)', (name) => {
    expect(decodeEngineBatch(hex(GOLDEN[name]))).toEqual({
      rank: 0,
      events: [{ kind: 'cleared' }],
      dropped: [],
    });
  });

  it('writes the golden bytes too, where the layout leaves no choice', () => {
    const batch = (rank: number, events: Parameters<typeof encodeEngineBatch>[1]['events']) => ({
      epochS: 1,
      rank,
      events,
    });
    const event = {
      kind: 'stored',
      hashes: [0xffff_ffff_ffff_ffffn],
      parent: null,
      tokens: Uint32Array.of(1, 2),
      namespace: {},
      blockSize: 2,
    } as const;
    const written = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
    expect(written(encodeEngineBatch('vllm-map', batch(3, [event])))).toBe(GOLDEN.mapStored);
    expect(written(encodeEngineBatch('vllm-array', batch(0, [{ kind: 'cleared' }])))).toBe(
      GOLDEN.arrayCleared,
    );
    expect(written(encodeEngineBatch('vllm-map', batch(0, [{ kind: 'cleared' }])))).toBe(GOLDEN.mapCleared);
  });

  it.each(['vllm-array', 'vllm-map', 'sglang'] as const)(
    'reads an adapter and a salt as %s writes them, at the beginning of a prompt and after it',
    (format) => {
      const run: Omit<Extract<MockKvEvent, { kind: 'stored' }>, 'hashes' | 'parent'> = {
        ...{ kind: 'stored', tokens: Uint32Array.of(1, 2, 3, 4), blockSize: 2 },
        namespace: { loraName: 'sql', cacheSalt: 'tenant' },
      };
      const events = [
        { ...run, hashes: [1n, 2n], parent: null },
        { ...run, hashes: [3n, 4n], parent: 2n },
      ];
      const batch = read(encodeEngineBatch(format, { epochS: 1, rank: 0, events }));
      const plain = { loraName: 'sql', opaqueFrom: null };
      expect(batch.events).toMatchObject([
        { ...plain, parent: null, cacheSalt: 'tenant' },
        { ...plain, cacheSalt: format === 'sglang' ? 'tenant' : null },
      ]);
    },
  );

  it('trap: TensorRT-LLM numbers adapters and does not name them: such blocks are left out', () => {
    const event: MockKvEvent = {
      ...{ kind: 'stored', hashes: [1n], parent: null, tokens: Uint32Array.of(1, 2), blockSize: 2 },
      namespace: { loraName: 'sql' },
    };
    const batch = read(encodeEngineBatch('trtllm', { epochS: 1, rank: 0, events: [event] }));
    expect(batch).toMatchObject({ events: [], dropped: ['unnamedAdapter'] });
  });

  it('trap: arrays became maps, and a batch may be a map too', () => {
    const events = [stored()];
    const asMap = encoder.encode({ ts: 1, events, data_parallel_rank: 2 });
    expect(decodeEngineBatch(asMap)).toMatchObject({ rank: 2, events: [{ kind: 'stored' }] });
  });

  it('trap: one event that cannot be read costs that event only', () => {
    const batch = read(
      message(
        stored(),
        stored({ block_hashes: 'x' }),
        17,
        ['TierBlocksCleared', 'CPU'],
        stored({ token_ids: [-1] }),
      ),
    );
    expect(batch.events).toHaveLength(1);
    expect(batch.dropped).toEqual(['badHash', 'badShape', 'unknownTag', 'badTokens']);
  });

  it('trap: signed, unsigned and byte hashes', () => {
    const hashes = (value: unknown) => only(message(stored({ block_hashes: [value] })));
    expect(hashes(-1n)).toMatchObject({ hashes: ['ffffffffffffffff'] });
    expect(hashes(-1)).toMatchObject({ hashes: ['ffffffffffffffff'] });
    expect(hashes(2n ** 63n + 12_345n)).toMatchObject({ hashes: ['8000000000003039'] });
    expect(hashes(new Uint8Array(32).fill(0xab))).toMatchObject({ hashes: ['ab'.repeat(32)] });
    expect(hashes(1.5)).toBe('badHash');
  });

  it('trap: events of slower tiers and of other machines share the topic', () => {
    const tier = (fields: object) => only(message(stored(fields)));
    expect(tier({ medium: 'CPU' })).toMatchObject({ tier: 'host' });
    expect(tier({ medium: 'STORAGE' })).toMatchObject({ tier: 'host' });
    expect(tier({ medium: 'gpu' })).toMatchObject({ tier: 'device' });
    expect(tier({ medium: '', locality: 'local' })).toMatchObject({ tier: 'device' });
    expect(tier({ medium: 3 })).toMatchObject({ tier: 'host' });
    expect(tier({ locality: 'REMOTE' })).toMatchObject({ tier: 'remote' });
    expect(tier({ medium: null, locality: 'LOCAL' })).toMatchObject({ tier: 'device' });
  });

  it('trap: adapter, salt and media share one list of keys', () => {
    const keys = (...extra: readonly unknown[]) => ({ lora_name: 'sql', extra_keys: extra });
    const two = { block_hashes: [7n, 8n], token_ids: [1, 2, 3, 4] };
    expect(only(message(stored({ ...two, ...keys(['sql'], ['sql']) })))).toMatchObject({
      loraName: 'sql',
      cacheSalt: null,
      opaqueFrom: null,
    });
    expect(only(message(stored({ ...two, ...keys(['sql', 'tenant'], ['sql']) })))).toMatchObject({
      cacheSalt: 'tenant',
      opaqueFrom: null,
    });
    expect(
      only(
        message(stored({ ...two, ...keys(['sql', ['i1', 1], 'tenant'], ['sql', ['i1', -1], ['i2', 0]]) })),
      ),
    ).toMatchObject({
      cacheSalt: 'tenant',
      media: new Map([
        [0, ['i1']],
        [1, ['i1', 'i2']],
      ]),
      opaqueFrom: null,
    });
    // Further down the prompt a text is no salt: older releases name media without a place.
    expect(only(message(stored({ parent_block_hash: 5n, ...keys(['sql', 'image']) })))).toMatchObject({
      cacheSalt: null,
      media: new Map([[0, ['image']]]),
      opaqueFrom: null,
    });
    // At the beginning two texts may be two images, or one and a salt.
    expect(only(message(stored({ ...two, ...keys(['sql', 'a', 'b'], null) })))).toMatchObject({
      opaqueFrom: 0,
    });
    // The digest of embeddings.
    expect(only(message(stored({ ...two, ...keys(null, [Uint8Array.of(1, 2)]) })))).toMatchObject({
      opaqueFrom: 1,
    });
  });

  it("reads SGLang: metadata in the place of the adapter's name, token pairs, salt by name", () => {
    const array = [
      'BlockStored',
      [7n],
      null,
      [1, 2],
      2,
      null,
      'GPU',
      { cache_salt: 'tenant', session_id: 's' },
    ];
    expect(only(message(array))).toMatchObject({ cacheSalt: 'tenant', loraName: null });
    expect(
      only(
        message(
          stored({
            token_ids: [
              [1, 2],
              [2, 3],
            ],
          }),
        ),
      ),
    ).toMatchObject({ tokens: Uint32Array.of(1, 2) });
    expect(only(message(stored({ cache_salt: 'tenant', lora_name: 'sql' })))).toMatchObject({
      cacheSalt: 'tenant',
      loraName: 'sql',
    });
  });

  it('trap: an adapter without a name, media by name, and a kind of layers', () => {
    expect(only(message(stored({ lora_id: 3 })))).toBe('unnamedAdapter');
    expect(only(message(stored({ mm_keys: [[{ type: 'mm_key', hash: 'ab' }]] })))).toMatchObject({
      media: new Map([[0, ['ab']]]),
      opaqueFrom: null,
    });
    expect(only(message(stored({ mm_keys: [[{ type: 'mm_key' }]] })))).toMatchObject({ opaqueFrom: 0 });
    expect(only(message(stored({ kv_cache_spec_kind: 'sliding_window' })))).toMatchObject({
      isFullAttention: false,
    });
    expect(only(message(stored({ kv_cache_spec_kind: 'mla_attention' })))).toMatchObject({
      isFullAttention: true,
    });
  });

  it('takes tokens that are texts for media, as TensorRT-LLM writes them', () => {
    expect(only(message(stored({ token_ids: [1, 'a9f3'] })))).toBe('mediaTokens');
  });

  it('reads removals with the copies that are left', () => {
    const removed = {
      type: 'BlockRemoved',
      block_hashes: [7n, 8n],
      medium: 'GPU',
      remaining_copy_counts: [1, 0],
    };
    expect(only(message(removed))).toEqual({
      kind: 'removed',
      hashes: ['0000000000000007', '0000000000000008'],
      copiesLeft: [1, 0],
      isPerCopy: false,
      tier: 'device',
      group: null,
    });
    expect(only(message(['BlockRemoved', [7n], 'GPU', 2]))).toMatchObject({
      ...{ copiesLeft: null, group: 2, isPerCopy: true },
    });
    expect(only(message({ ...removed, remaining_copy_counts: [-1] }))).toMatchObject({
      copiesLeft: [null, null],
    });
  });

  it('trap: a name that cannot be read costs that block, and of a run what follows it', () => {
    const names = [7n, 1.5, 9n];
    const batch = read(
      message(stored({ block_hashes: names, token_ids: [1, 2, 3, 4, 5, 6] }), {
        type: 'BlockRemoved',
        block_hashes: names,
        medium: 'GPU',
        remaining_copy_counts: [0, 5, 1],
      }),
    );
    expect(batch.events).toMatchObject([
      { hashes: ['0000000000000007'], tokens: Uint32Array.of(1, 2) },
      { hashes: ['0000000000000007', '0000000000000009'], copiesLeft: [0, 1] },
    ]);
    expect(batch.dropped).toEqual(['badHash', 'badHash']);
  });

  it('trap: blocks that are told of again, as any request may ask for', () => {
    const origin = (value: unknown) => only(message(stored({ origin: value })));
    expect(origin('NEW')).toMatchObject({ origin: 'new' });
    expect(origin('REUSED')).toMatchObject({ origin: 'reused' });
    expect(origin(undefined)).toMatchObject({ origin: 'untold' });
    expect(origin(7)).toMatchObject({ origin: 'untold' });
  });

  it.each(['', 'c1', '93cb3ff0', '80', '92cb3ff000000000000001', 'ff'.repeat(40)])(
    'refuses a message that is no batch (%s)',
    (bytes) => {
      expect(decodeEngineBatch(hex(bytes))).toBe('badBatch');
    },
  );

  it('trap: a few bytes that claim gigabytes are refused before anything is set aside', () => {
    expect(decodeEngineBatch(hex(`93cb${'00'.repeat(8)}${'dd01ffffff'.repeat(28)}`))).toBe('badBatch');
    expect(decodeEngineBatch(hex('91'.repeat(2_000) + 'c0'))).toBe('overLimits');
  });

  it('reads back what it writes, in every format', () => {
    const events = [
      {
        kind: 'stored',
        hashes: [1n, 2n ** 63n],
        parent: 9n,
        tokens: Uint32Array.of(1, 2, 3, 4),
        namespace: {},
        blockSize: 2,
      },
      { kind: 'removed', hashes: [2n ** 64n - 1n] },
    ] as const;
    for (const format of eventFormats) {
      const batch = read(encodeEngineBatch(format, { epochS: 2, rank: 1, events }));
      expect(batch).toMatchObject({
        rank: 1,
        dropped: [],
        events: [
          { hashes: ['0000000000000001', '8000000000000000'], parent: '0000000000000009' },
          { hashes: ['ffffffffffffffff'] },
        ],
      });
    }
  });
});
