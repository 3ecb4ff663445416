import { routerId, workerId } from '@kvasir/units';
import type { RouterId, WorkerId } from '@kvasir/units';
import { ID_BYTES_MAX, malformed, readId } from './wire-words.js';
import type { Malformed } from './wire-words.js';

/** What one router has booked on one target in all. */
export interface PeerLoad {
  readonly workerId: WorkerId;
  readonly rank: number;
  readonly prefillTokens: number;
  readonly blocks: number;
  readonly requests: number;
}

/**
 * What a router tells the others of its pool. `whole`: targets that are not named have nothing; `changes`: only those that are named have changed;
 * `hello`: it has just come and asks everybody for the whole; `bye`: nothing of it counts any more.
 */
export interface PeerLoadMessage {
  readonly kind: 'whole' | 'changes' | 'hello' | 'bye';
  readonly routerId: RouterId;
  /** One more each time; a later life of a router begins above all numbers of the one before. */
  readonly number: number;
  readonly loads: readonly PeerLoad[];
}

/** What a router can have booked; what says more is no message of a router. */
export const PEER_LOAD_LIMITS = {
  /** Targets that one message may name. */
  loadsMax: 65_536,
  /** On one target. */
  prefillTokensMax: 2 ** 40,
  blocksMax: 2 ** 32,
  requestsMax: 16_777_216,
} as const;

const MAGIC = 0x014c564b;
const KINDS = ['whole', 'changes', 'hello', 'bye'] as const;
const HEADER_BYTES = 22;
const LOAD_BYTES = 26;

/**
 * Little-endian: u32 `KVL` and version, u16 kind, f64 number, u32 count of loads, u32 bytes of the router's id and the id; per load u16 bytes of the
 * worker's id and the id, u32 rank, f64 prefill tokens, f64 blocks, u32 requests.
 * @throws RangeError for an id that is empty or too long, and more loads than one message may name.
 */
export function encodePeerLoads(message: PeerLoadMessage): Uint8Array {
  const router = Buffer.from(message.routerId);
  const workers = message.loads.map((load) => Buffer.from(load.workerId));
  assertNames(router, workers);
  const size = workers.reduce((sum, name) => sum + LOAD_BYTES + name.length, HEADER_BYTES + router.length);
  const bytes = Buffer.alloc(size);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt16LE(KINDS.indexOf(message.kind), 4);
  bytes.writeDoubleLE(message.number, 6);
  bytes.writeUInt32LE(message.loads.length, 14);
  bytes.writeUInt32LE(router.length, 18);
  let at = HEADER_BYTES + router.copy(bytes, HEADER_BYTES);
  for (const [index, load] of message.loads.entries()) {
    const name = workers[index] ?? Buffer.alloc(0);
    at = bytes.writeUInt16LE(name.length, at);
    at += name.copy(bytes, at);
    at = bytes.writeUInt32LE(load.rank, at);
    at = bytes.writeDoubleLE(load.prefillTokens, at);
    at = bytes.writeDoubleLE(load.blocks, at);
    at = bytes.writeUInt32LE(load.requests, at);
  }
  return bytes;
}

/** Loads in parts that each fit a message of a router, in order; at least one, which may be empty. */
export function cutPeerLoads(
  loads: readonly PeerLoad[],
  routerName: RouterId,
  payloadBytesMax: number,
): readonly (readonly PeerLoad[])[] {
  const empty = HEADER_BYTES + Buffer.byteLength(routerName);
  const parts: PeerLoad[][] = [[]];
  let bytes = empty;
  for (const load of loads) {
    const more = LOAD_BYTES + Buffer.byteLength(load.workerId);
    const part = parts.at(-1) ?? [];
    if (part.length > 0 && (bytes + more > payloadBytesMax || part.length >= PEER_LOAD_LIMITS.loadsMax)) {
      parts.push([load]);
      bytes = empty + more;
    } else {
      part.push(load);
      bytes += more;
    }
  }
  return parts;
}

function assertNames(router: Buffer, workers: readonly Buffer[]): void {
  if (workers.length > PEER_LOAD_LIMITS.loadsMax)
    throw new RangeError(
      `Cannot encode loads: at most ${PEER_LOAD_LIMITS.loadsMax} targets, received ${workers.length}`,
    );
  for (const name of [router, ...workers])
    if (name.length === 0 || name.length > ID_BYTES_MAX)
      throw new RangeError(
        `Cannot encode loads: an id must have 1 to ${ID_BYTES_MAX} bytes, received ${name.length}`,
      );
}

/** Reads a message back; whatever cannot be one is `malformed` and changes nothing. Never throws and makes nothing for what a message only claims. */
export function decodePeerLoads(payload: Uint8Array): PeerLoadMessage | Malformed {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC)
    return malformed('it does not begin as loads do');
  const kind = KINDS[bytes.readUInt16LE(4)];
  if (kind === undefined) return malformed('its kind is unknown');
  const number = bytes.readDoubleLE(6);
  if (!Number.isSafeInteger(number) || number < 0) return malformed('its number is none');
  const idEnd = HEADER_BYTES + bytes.readUInt32LE(18);
  if (idEnd > bytes.length) return malformed("the router's id is cut off");
  const id = readId(bytes, HEADER_BYTES, idEnd);
  if (id === null) return malformed("the router's id is empty, too long or no UTF-8");
  const loads = readLoads(bytes, idEnd, bytes.readUInt32LE(14));
  return Array.isArray(loads) ? { kind, routerId: routerId(id), number, loads } : loads;
}

function readLoads(bytes: Buffer, start: number, count: number): PeerLoad[] | Malformed {
  if (count > PEER_LOAD_LIMITS.loadsMax) return malformed(`it names ${count} targets`);
  if (count * LOAD_BYTES > bytes.length - start) return malformed('it is too short for its loads');
  const loads: PeerLoad[] = [];
  let at = start;
  for (let index = 0; index < count; index += 1) {
    if (at + 2 > bytes.length) return malformed('it is cut off');
    const nameEnd = at + 2 + bytes.readUInt16LE(at);
    if (nameEnd + LOAD_BYTES - 2 > bytes.length) return malformed('it is cut off');
    const name = readId(bytes, at + 2, nameEnd);
    if (name === null) return malformed("a worker's id is empty, too long or no UTF-8");
    const load: PeerLoad = {
      workerId: workerId(name),
      rank: bytes.readUInt32LE(nameEnd),
      prefillTokens: bytes.readDoubleLE(nameEnd + 4),
      blocks: bytes.readDoubleLE(nameEnd + 12),
      requests: bytes.readUInt32LE(nameEnd + 20),
    };
    if (!isSane(load)) return malformed('an amount is negative, no number or more than can be');
    loads.push(load);
    at = nameEnd + LOAD_BYTES - 2;
  }
  return at === bytes.length ? loads : malformed('it is longer than its loads');
}

function isSane({ prefillTokens, blocks, requests }: PeerLoad): boolean {
  const { prefillTokensMax, blocksMax, requestsMax } = PEER_LOAD_LIMITS;
  // NaN is in no range.
  return (
    prefillTokens >= 0 &&
    prefillTokens <= prefillTokensMax &&
    blocks >= 0 &&
    blocks <= blocksMax &&
    requests <= requestsMax
  );
}
