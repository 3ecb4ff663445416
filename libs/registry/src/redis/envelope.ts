import {
  decodePoolRecord,
  decodeRouterRecord,
  decodeWorkerRecord,
  encodePoolRecord,
  encodeRouterRecord,
  encodeWorkerRecord,
} from '@kvasir/contract';
import { routerId } from '@kvasir/units';
import { termsOf } from '../entries.js';
import type { Entry } from '../entries.js';

/** An entry as Redis holds it: what the scripts look at, and the record. @param token names this registration. */
export function encodeEnvelope(entry: Entry, token: string): string {
  const terms = termsOf(entry);
  return JSON.stringify({
    t: token,
    ...(entry.kind === 'worker' ? { i: entry.record.incarnation } : {}),
    ...(terms === null ? {} : { b: terms.blockSize }),
    ...(terms === null || terms.model === null ? {} : { m: terms.model }),
    r: encodeRecord(entry),
  });
}

/** Null for what cannot be read, e.g. of a later version: it is left out. @param id says of which kind the record is. */
export function decodeEnvelope(id: string, text: string): Entry | null {
  const record = recordOf(text);
  if (record === null) return null;
  const [kind, name] = split(id);
  switch (kind) {
    case 'worker': {
      const reading = decodeWorkerRecord(record);
      return reading.kind === 'record' ? { kind, record: reading.record, deadlineMs: 0 } : null;
    }
    case 'router': {
      const reading = decodeRouterRecord(record);
      return reading.kind === 'record' ? { kind, record: reading.record, deadlineMs: 0 } : null;
    }
    case 'claim': {
      const reading = decodePoolRecord(record);
      return reading.kind === 'record'
        ? { kind, routerId: routerId(name), record: reading.record, deadlineMs: 0 }
        : null;
    }
    default:
      return null;
  }
}

function split(id: string): readonly [string, string] {
  const at = id.indexOf(':');
  return [id.slice(0, at), id.slice(at + 1)];
}

function recordOf(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('r' in value)) return null;
    return typeof value.r === 'string' ? value.r : null;
  } catch {
    return null;
  }
}

function encodeRecord(entry: Entry): string {
  switch (entry.kind) {
    case 'worker':
      return encodeWorkerRecord(entry.record);
    case 'router':
      return encodeRouterRecord(entry.record);
    case 'claim':
      return encodePoolRecord(entry.record);
  }
}
