import { routerId, workerId } from '@kvasir/units';
import type { RouterId, WorkerId } from '@kvasir/units';
import { malformed } from './wire-words.js';
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

const MAGIC = 0x014c564b;
const KINDS = ['whole', 'changes', 'hello', 'bye'] as const;
const HEADER_BYTES = 22;
const LOAD_BYTES = 26;

/**
 * Little-endian: u32 `KVL` and version, u16 kind, f64 number, u32 count of loads, u32 bytes of the router's id and the id; per load u16 bytes of the
 * worker's id and the id, u32 rank, f64 prefill tokens, f64 blocks, u32 requests.
 */
export function encodePeerLoads(message: PeerLoadMessage): Uint8Array {
  const router = Buffer.from(message.routerId);
  const workers = message.loads.map((load) => Buffer.from(load.workerId));
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

/** Reads a message back; whatever cannot be one is `malformed` and changes nothing. */
export function decodePeerLoads(payload: Uint8Array): PeerLoadMessage | Malformed {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  try {
    if (bytes.readUInt32LE(0) !== MAGIC) return malformed('it does not begin as loads do');
    const kind = KINDS[bytes.readUInt16LE(4)];
    if (kind === undefined) return malformed('its kind is unknown');
    const count = bytes.readUInt32LE(14);
    const idEnd = HEADER_BYTES + bytes.readUInt32LE(18);
    if (idEnd > bytes.length) return malformed("the router's id is cut off");
    // Before anything is made for them: a wrong count must not take memory.
    if (count > (bytes.length - idEnd) / LOAD_BYTES) return malformed('it is too short for its loads');
    const loads: PeerLoad[] = [];
    let at = idEnd;
    for (let index = 0; index < count; index += 1) {
      const nameEnd = at + 2 + bytes.readUInt16LE(at);
      if (nameEnd > bytes.length) return malformed("a worker's id is cut off");
      loads.push({
        workerId: workerId(bytes.toString('utf8', at + 2, nameEnd)),
        rank: bytes.readUInt32LE(nameEnd),
        prefillTokens: bytes.readDoubleLE(nameEnd + 4),
        blocks: bytes.readDoubleLE(nameEnd + 12),
        requests: bytes.readUInt32LE(nameEnd + 20),
      });
      at = nameEnd + 24;
    }
    if (at !== bytes.length) return malformed('it is longer than its loads');
    if (!loads.every(isSane)) return malformed('an amount is negative or no number');
    const id = routerId(bytes.toString('utf8', HEADER_BYTES, idEnd));
    const number = bytes.readDoubleLE(6);
    if (!Number.isSafeInteger(number) || number < 0) return malformed('its number is none');
    return { kind, routerId: id, number, loads };
  } catch (error) {
    if (error instanceof RangeError) return malformed('it is cut off');
    throw error;
  }
}

function isSane({ prefillTokens, blocks }: PeerLoad): boolean {
  return prefillTokens >= 0 && blocks >= 0 && Number.isFinite(prefillTokens) && Number.isFinite(blocks);
}
