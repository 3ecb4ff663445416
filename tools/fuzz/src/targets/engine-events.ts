import {
  decodeEngineBatch,
  encodeEngineBatch,
  EngineKvLedger,
  eventFormats,
  parseExactJson,
  TrtllmEventStream,
} from '@kvasir/engine-events';
import type { EngineKvEvent, KvRunSink, MockKvEvent } from '@kvasir/engine-events';
import type { Prng } from '@kvasir/units';
import { Encoder } from '@msgpack/msgpack';
import { mustEqual, mustHold } from '../fuzz-target.js';
import type { FuzzTarget } from '../fuzz-target.js';
import { below } from '../mutate.js';

const BLOCK = 4;
const BLOCKS_MAX = 500;
const encoder = new Encoder({ useBigInt64: true });

const GROUP = { group_idx: 0, kv_cache_spec_kind: 'full_attention' };
const stored = (fields: object): object => ({
  ...{
    type: 'BlockStored',
    block_hashes: [1, 2],
    parent_block_hash: null,
    token_ids: [1, 2, 3, 4, 5, 6, 7, 8],
  },
  ...{ block_size: BLOCK, lora_id: null, medium: 'GPU', lora_name: null },
  ...fields,
});

/** What engines and their connectors say, one message each. */
const MESSAGES: readonly (readonly unknown[])[] = [
  [stored({}), stored({ block_hashes: [3], parent_block_hash: 2, token_ids: [9, 9, 9, 9], ...GROUP })],
  [
    stored({
      block_hashes: [5, 6],
      token_ids: [1, 2, 3, 4],
      block_size: 2,
      origin: 'REUSED',
      extra_keys: [['salt'], null],
    }),
  ],
  [
    {
      type: 'BlockRemoved',
      block_hashes: [1, 2],
      medium: 'GPU',
      group_idx: 0,
      remaining_copy_counts: [1, 0],
    },
  ],
  [
    [
      'BlockStored',
      [7n, new Uint8Array(32)],
      null,
      [1, 2, 3, 4, 5, 6, 7, 8],
      BLOCK,
      null,
      'GPU',
      'lora',
      [['lora', ['image', -3]], null],
    ],
  ],
  [
    [
      'BlockStored',
      [-7],
      null,
      [
        [1, 2],
        [2, 3],
        [3, 4],
        [4, 5],
      ],
      BLOCK,
      null,
      'GPU',
      { cache_salt: 's', session_id: null },
    ],
  ],
  [['BlockRemoved', [7n], 'GPU', 0], ['AllBlocksCleared'], { type: 'TierBlocksCleared', medium: 'CPU' }],
  [stored({ mm_keys: [[{ type: 'mm_key', hash: 'ab' }], []], medium: 'cpu', locality: 'REMOTE' })],
];

export const engineMessages: FuzzTarget = {
  name: 'engine-messages',
  shape: 'bytes',
  seeds: (prng) => [
    ...MESSAGES.map((events) => encoder.encode([1.5, events, 0])),
    encoder.encode({ ts: 1, events: MESSAGES.flat(), data_parallel_rank: 2 }),
    ...eventFormats.map((format) =>
      encodeEngineBatch(format, { epochS: 1, rank: 0, events: mockEvents(prng) }),
    ),
  ],
  run(input) {
    const batch = decodeEngineBatch(input);
    if (typeof batch === 'string') return;
    applyAll(batch.events);
  },
  roundTrip(prng) {
    const events = mockEvents(prng);
    for (const format of eventFormats) {
      const batch = decodeEngineBatch(encodeEngineBatch(format, { epochS: 2, rank: 1, events }));
      if (typeof batch === 'string') throw new TypeError(`Cannot read back ${format}: ${batch}`);
      mustHold(batch.dropped.length === 0 && batch.rank === 1, `${format} comes back whole`);
      mustEqual(batch.events.map(shapeOf), events.map(mockShape), format);
    }
  },
};

export const engineAnswers: FuzzTarget = {
  name: 'engine-answers',
  shape: 'json',
  seeds: () => [
    Buffer.from(
      JSON.stringify([
        { event_id: 0, window_size: 4_096, data: { type: 'created', num_blocks_per_cache_level: [10] } },
        {
          event_id: 1,
          window_size: 4_096,
          data: {
            type: 'stored',
            parent_hash: 0,
            blocks: [
              { block_hash: 1, tokens: [1, 2, 3, 4].map((id) => ({ token_id: id, token_extra_id: 0 })) },
            ],
          },
        },
        {
          event_id: 2,
          attention_dp_rank: 1,
          window_size: 512,
          data: { type: 'removed', block_hashes: [1, 'ab'] },
        },
      ]),
    ),
  ],
  run(input) {
    let json: unknown;
    try {
      json = parseExactJson(Buffer.from(input).toString());
    } catch (error) {
      if (error instanceof SyntaxError) return;
      throw error;
    }
    const stream = new TrtllmEventStream();
    for (let time = 0; time < 2; time += 1)
      for (const { events } of stream.read(json)?.batches ?? []) applyAll(events);
  },
};

/** Takes events as an agent does, and checks that what routers are told fits together. */
function applyAll(events: readonly EngineKvEvent[]): void {
  for (const copies of ['learned', 'counted', 'single'] as const) {
    const told = new ToldBlocks();
    const ledger = new EngineKvLedger(BLOCK, told, { copies, blocksMax: BLOCKS_MAX });
    for (const [nowMs, event] of events.entries()) ledger.apply(event, nowMs * 1_000);
    ledger.clear();
    mustHold(told.keys.size === 0, 'nothing is held after a clear');
  }
}

class ToldBlocks implements KvRunSink {
  readonly keys = new Set<string>();

  stored(parent: Uint32Array | null, hashes: Uint32Array): void {
    if (parent !== null) mustHold(this.keys.has(keyOf(parent, 0)), 'a run follows a block that is told of');
    for (let at = 0; at < hashes.length; at += 2) {
      mustHold(!this.keys.has(keyOf(hashes, at)), 'a block is told of once');
      this.keys.add(keyOf(hashes, at));
    }
  }

  removed(hashes: Uint32Array): void {
    for (let at = 0; at < hashes.length; at += 2)
      mustHold(this.keys.delete(keyOf(hashes, at)), 'what goes was told of');
  }

  cleared(): void {
    this.keys.clear();
  }
}

const keyOf = (words: Uint32Array, at: number): string => `${words[at] ?? 0}:${words[at + 1] ?? 0}`;

function mockEvents(prng: Prng): readonly MockKvEvent[] {
  const hash = (): bigint => (BigInt(below(prng, 2 ** 32)) << 32n) | BigInt(below(prng, 2 ** 32));
  const blocks = 1 + below(prng, 5);
  return [
    {
      kind: 'stored',
      hashes: Array.from({ length: blocks }, hash),
      parent: prng() < 0.5 ? null : hash(),
      tokens: Uint32Array.from({ length: blocks * BLOCK }, () => below(prng, 2 ** 32)),
      namespace: {},
      blockSize: BLOCK,
    },
    { kind: 'removed', hashes: Array.from({ length: below(prng, 4) }, hash) },
    { kind: 'cleared' },
  ];
}

const nameOf = (hash: bigint): string => BigInt.asUintN(64, hash).toString(16).padStart(16, '0');

function mockShape(event: MockKvEvent): object {
  if (event.kind === 'cleared') return { kind: 'cleared' };
  const hashes = event.hashes.map(nameOf);
  if (event.kind === 'removed') return { kind: 'removed', hashes };
  const { parent, tokens, blockSize } = event;
  return { kind: 'stored', hashes, parent: parent === null ? null : nameOf(parent), tokens, blockSize };
}

function shapeOf(event: EngineKvEvent): object {
  if (event.kind === 'cleared') return { kind: 'cleared' };
  const { kind, hashes } = event;
  if (event.kind === 'removed') return { kind, hashes };
  const { parent, tokens, blockSize } = event;
  return { kind, hashes, parent, tokens, blockSize };
}
