import { routerId } from '@kvasir/units';
import type { RouterId } from '@kvasir/units';
import { ID_BYTES_MAX, malformed, readId } from './wire-words.js';
import type { Malformed } from './wire-words.js';

/** What one router of a pool says of it. */
export interface PoolLoadReport {
  readonly routerId: RouterId;
  /** Requests that this router has booked, and those that wait in it. */
  readonly requestsActive: number;
  /** Requests that the whole pool can take at once; null when nobody has said. */
  readonly requestsMax: number | null;
  /** Workers that take new work. */
  readonly workersReady: number;
  /** Requests wait, or every worker's own report says that it is full. */
  readonly isSaturated: boolean;
}

const MAGIC = 0x0152_504b;
const HEADER_BYTES = 20;
/** Requests and workers that a report may name: more than any pool has. */
export const POOL_REPORT_COUNT_MAX = 1_073_741_824;
const UNKNOWN = 0xffff_ffff;
const SATURATED = 1;

/** Little-endian: u32 `KPR` and version, u32 active, u32 most (all ones: unknown), u32 workers, u16 flags, u16 bytes of the router's id, and the id. */
export function encodePoolReport(report: PoolLoadReport): Uint8Array {
  const id = Buffer.from(report.routerId);
  if (id.length === 0 || id.length > ID_BYTES_MAX)
    throw new RangeError(
      `Cannot encode a pool report: routerId must have 1 to ${ID_BYTES_MAX} bytes, received ${id.length}`,
    );
  const bytes = Buffer.alloc(HEADER_BYTES + id.length);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(Math.min(report.requestsActive, POOL_REPORT_COUNT_MAX), 4);
  bytes.writeUInt32LE(
    report.requestsMax === null ? UNKNOWN : Math.min(report.requestsMax, POOL_REPORT_COUNT_MAX),
    8,
  );
  bytes.writeUInt32LE(report.workersReady, 12);
  bytes.writeUInt16LE(report.isSaturated ? SATURATED : 0, 16);
  bytes.writeUInt16LE(id.length, 18);
  id.copy(bytes, HEADER_BYTES);
  return bytes;
}

/** Never throws; whatever cannot be a report is malformed. */
export function decodePoolReport(payload: Uint8Array): PoolLoadReport | Malformed {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return malformed('is no pool report');
  const idBytes = bytes.readUInt16LE(18);
  if (idBytes === 0 || bytes.length !== HEADER_BYTES + idBytes)
    return malformed(`has ${bytes.length - HEADER_BYTES} bytes of an id of ${idBytes}`);
  const id = readId(payload, HEADER_BYTES, bytes.length);
  if (id === null) return malformed(`has an id that is longer than ${ID_BYTES_MAX} bytes or no UTF-8`);
  const requestsMax = bytes.readUInt32LE(8);
  const [requestsActive, workersReady] = [bytes.readUInt32LE(4), bytes.readUInt32LE(12)];
  const counts = [requestsActive, workersReady, requestsMax === UNKNOWN ? 0 : requestsMax];
  if (counts.some((count) => count > POOL_REPORT_COUNT_MAX))
    return malformed(`has a count over ${POOL_REPORT_COUNT_MAX}`);
  return {
    routerId: routerId(id),
    requestsActive,
    requestsMax: requestsMax === UNKNOWN ? null : requestsMax,
    workersReady,
    isSaturated: (bytes.readUInt16LE(16) & SATURATED) !== 0,
  };
}
