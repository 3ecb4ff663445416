import type { PublishKvEventsInput, PublishKvEventsOutput } from '@kvasir/contract';
import { rpcError } from './errors.js';
import { decodeTokens, encodeTokens } from './tokens.js';

const HASH_BYTES = 8;

/** As the wire has them. */
interface BlockMedia {
  readonly blockIndex: number;
  readonly identifiers: readonly string[];
}

/** One message of an engine that tells of its own cache. Blocks have the engine's own 64-bit names. */
export type PublishedKvEvent =
  /** First on every stream, and only there. */
  | { readonly kind: 'opened'; readonly workerId: string; readonly rank: number }
  | {
      readonly kind: 'stored';
      readonly hashes: BigUint64Array;
      /** Null at the beginning of a prompt. */
      readonly parent: bigint | null;
      /** Of all blocks, one after the other. */
      readonly tokens: Uint32Array;
      /** Tokens per block. */
      readonly blockSize: number;
      readonly loraName: string | null;
      readonly cacheSalt: string | null;
      /** Media items that blocks overlap, by the block's place in the run. */
      readonly media?: ReadonlyMap<number, readonly string[]> | undefined;
    }
  | { readonly kind: 'removed'; readonly hashes: BigUint64Array }
  | { readonly kind: 'cleared' };

export function encodeKvEvent(event: PublishedKvEvent): PublishKvEventsInput {
  switch (event.kind) {
    case 'opened':
      return { opened: { workerId: event.workerId, rank: event.rank } };
    case 'stored':
      return {
        stored: {
          blockHashes: encodeHashes(event.hashes),
          parentBlockHash:
            event.parent === null ? Buffer.alloc(0) : encodeHashes(BigUint64Array.of(event.parent)),
          tokenIds: encodeTokens(event.tokens),
          blockSize: event.blockSize,
          loraName: event.loraName ?? '',
          cacheSalt: event.cacheSalt ?? '',
          media: [...(event.media ?? [])].map(([blockIndex, identifiers]) => ({
            blockIndex,
            identifiers: [...identifiers],
          })),
        },
      };
    case 'removed':
      return { removed: { blockHashes: encodeHashes(event.hashes) } };
    case 'cleared':
      return { cleared: {} };
  }
}

/** @throws RpcError for a message that says nothing, or hashes, tokens or sizes that do not fit together. */
export function decodeKvEvent(message: PublishKvEventsOutput): PublishedKvEvent {
  switch (message.message) {
    case 'opened':
      return { kind: 'opened', workerId: message.opened?.workerId ?? '', rank: message.opened?.rank ?? 0 };
    case 'stored':
      return decodeStored(message.stored);
    case 'removed':
      return { kind: 'removed', hashes: decodeHashes('block_hashes', message.removed?.blockHashes) };
    case 'cleared':
      return { kind: 'cleared' };
    default:
      throw rpcError('RPC_MISSING_FIELD', 'Cannot take a KV event: message is missing');
  }
}

function decodeStored(stored: PublishKvEventsOutput['stored']): PublishedKvEvent {
  const hashes = decodeHashes('block_hashes', stored?.blockHashes);
  const parents = decodeHashes('parent_block_hash', stored?.parentBlockHash);
  const tokens = decodeTokens(stored?.tokenIds ?? new Uint8Array());
  const blockSize = stored?.blockSize ?? 0;
  if (parents.length > 1)
    throw rpcError(
      'RPC_INVALID_FIELD',
      `Cannot take a KV event: parent_block_hash names ${parents.length} blocks`,
    );
  if (blockSize < 1 || tokens.length !== hashes.length * blockSize)
    throw rpcError(
      'RPC_INVALID_FIELD',
      `Cannot take a KV event: ${hashes.length} blocks of ${blockSize} tokens with ${tokens.length} token_ids`,
    );
  return {
    kind: 'stored',
    hashes,
    parent: parents[0] ?? null,
    tokens,
    blockSize,
    loraName: stored?.loraName === undefined || stored.loraName === '' ? null : stored.loraName,
    cacheSalt: stored?.cacheSalt === undefined || stored.cacheSalt === '' ? null : stored.cacheSalt,
    media: decodeMedia(stored?.media ?? [], hashes.length),
  };
}

function decodeMedia(
  media: readonly BlockMedia[],
  blockCount: number,
): ReadonlyMap<number, readonly string[]> {
  const byBlock = new Map<number, string[]>();
  for (const { blockIndex, identifiers } of media) {
    if (blockIndex >= blockCount || identifiers.length === 0 || identifiers.includes(''))
      throw rpcError(
        'RPC_INVALID_FIELD',
        `Cannot take a KV event: media of block ${blockIndex} of ${blockCount} must be texts that are not empty`,
      );
    const known = byBlock.get(blockIndex);
    // One by one: a message may name a block a million times.
    if (known === undefined) byBlock.set(blockIndex, [...identifiers]);
    else for (const identifier of identifiers) known.push(identifier);
  }
  return byBlock;
}

/** The memory is that of the wire: this project runs on little-endian machines only. */
function encodeHashes(hashes: BigUint64Array): Buffer {
  return Buffer.from(hashes.buffer, hashes.byteOffset, hashes.byteLength);
}

function decodeHashes(name: string, bytes: Uint8Array = new Uint8Array()): BigUint64Array {
  if (bytes.length % HASH_BYTES !== 0)
    throw rpcError(
      'RPC_INVALID_FIELD',
      `Cannot read ${name}: ${bytes.length} bytes is not a multiple of ${HASH_BYTES}`,
    );
  return new BigUint64Array(Uint8Array.from(bytes).buffer);
}
