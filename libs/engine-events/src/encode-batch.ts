import type { CacheNamespace } from '@kvasir/block-hash';
import { Encoder } from '@msgpack/msgpack';

/** The wire formats that a mock engine can speak, by the engine and release that speaks them. */
export const eventFormats = ['vllm-array', 'vllm-map', 'sglang', 'trtllm'] as const;
export type EventFormat = (typeof eventFormats)[number];

/** What an engine would tell; hashes are 64-bit numbers. */
export type MockKvEvent =
  | {
      readonly kind: 'stored';
      readonly hashes: readonly bigint[];
      readonly parent: bigint | null;
      readonly tokens: Uint32Array;
      /** What the run was computed with. */
      readonly namespace: CacheNamespace;
      readonly blockSize: number;
    }
  | { readonly kind: 'removed'; readonly hashes: readonly bigint[] }
  | { readonly kind: 'cleared' };

type Stored = Extract<MockKvEvent, { kind: 'stored' }>;

const encoder = new Encoder({ useBigInt64: true });

/** One message as the engine writes it. @param epochS seconds since 1970. */
export function encodeEngineBatch(
  format: EventFormat,
  batch: { readonly epochS: number; readonly events: readonly MockKvEvent[]; readonly rank: number },
): Uint8Array {
  const encodeEvent = {
    'vllm-array': vllmArray,
    'vllm-map': vllmMap,
    sglang: sglangArray,
    trtllm: trtllmMap,
  }[format];
  // A float, also when it is a whole number: so engines write it, and the encoder would not.
  const time = float64(batch.epochS);
  const rest = encoder.encodeSharedRef([batch.events.map(encodeEvent), batch.rank]);
  // An array of three whose first member was written above.
  return Buffer.concat([Buffer.of(0x93), time, rest.subarray(1)]);
}

/** As a MessagePack float 64. */
function float64(value: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = 0xcb;
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function vllmArray(event: MockKvEvent): unknown {
  switch (event.kind) {
    case 'stored':
      return [
        'BlockStored',
        event.hashes,
        event.parent,
        [...event.tokens],
        event.blockSize,
        null,
        'GPU',
        event.namespace.loraName ?? null,
        extraKeys(event),
      ];
    case 'removed':
      return ['BlockRemoved', event.hashes, 'GPU'];
    case 'cleared':
      return ['AllBlocksCleared'];
  }
}

function vllmMap(event: MockKvEvent): object {
  switch (event.kind) {
    case 'stored': {
      const extra = extraKeys(event);
      return {
        type: 'BlockStored',
        block_hashes: event.hashes,
        parent_block_hash: event.parent,
        token_ids: [...event.tokens],
        block_size: event.blockSize,
        lora_id: null,
        medium: 'GPU',
        lora_name: event.namespace.loraName ?? null,
        ...(extra === null ? {} : { extra_keys: extra }),
      };
    }
    case 'removed':
      return { type: 'BlockRemoved', block_hashes: event.hashes, medium: 'GPU' };
    case 'cleared':
      return { type: 'AllBlocksCleared' };
  }
}

/** What each block depends on beside its tokens, as vLLM packs it: the adapter's name, and the salt at the beginning of a prompt. */
function extraKeys({ hashes, parent, namespace }: Stored): (readonly string[] | null)[] | null {
  const { loraName, cacheSalt } = namespace;
  const everywhere = loraName === undefined ? [] : [loraName];
  const first = parent === null && cacheSalt !== undefined ? [...everywhere, cacheSalt] : everywhere;
  const keys = hashes.map((_, block) => (block === 0 ? first : everywhere));
  return keys.some(({ length }) => length > 0) ? keys.map((own) => (own.length > 0 ? own : null)) : null;
}

/** With signed hashes; an adapter by number only, and nothing of salts, which are in the hashes alone. */
function trtllmMap(event: MockKvEvent): unknown {
  switch (event.kind) {
    case 'stored': {
      const parent = event.parent === null ? null : signed(event.parent);
      const plain = vllmMap({ ...event, hashes: event.hashes.map(signed), parent, namespace: {} });
      return event.namespace.loraName === undefined ? plain : { ...plain, lora_id: 1 };
    }
    case 'removed':
      return vllmMap({ ...event, hashes: event.hashes.map(signed) });
    case 'cleared':
      return vllmMap(event);
  }
}

function signed(hash: bigint): bigint {
  return BigInt.asIntN(64, hash);
}

/** A map in the last place, where there is something to say. */
function sglangMetadata({ loraName, cacheSalt }: CacheNamespace): readonly object[] {
  if (loraName === undefined && cacheSalt === undefined) return [];
  return [{ cache_salt: cacheSalt ?? null, session_id: null, lora_name: loraName ?? null }];
}

/** With signed hashes. */
function sglangArray(event: MockKvEvent): unknown {
  switch (event.kind) {
    case 'stored':
      return [
        'BlockStored',
        event.hashes.map(signed),
        event.parent === null ? null : signed(event.parent),
        [...event.tokens],
        event.blockSize,
        null,
        'GPU',
        ...sglangMetadata(event.namespace),
      ];
    case 'removed':
      return ['BlockRemoved', event.hashes.map(signed), 'GPU'];
    case 'cleared':
      return ['AllBlocksCleared'];
  }
}
