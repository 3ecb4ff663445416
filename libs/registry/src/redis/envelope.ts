import {
  decodePoolRecord,
  decodeRouterRecord,
  decodeWorkerRecord,
  encodePoolRecord,
  encodeRouterRecord,
  encodeWorkerRecord,
  formatEndpointName,
} from '@kvasir/contract';
import type { EndpointName, MessageSeal } from '@kvasir/contract';
import { routerId } from '@kvasir/units';
import type { BadRecordKind } from '../bad-records.js';
import { idOf, termsOf } from '../entries.js';
import type { Entry } from '../entries.js';

/** Whose records are believed. */
export interface RecordTrust {
  /** Null: records are written without a seal, and the seals of others are not looked at. */
  readonly seal: MessageSeal | null;
  /** While a secret is being introduced: a record without a seal is believed too. */
  readonly believesUnsealed: boolean;
}

export type EnvelopeReading =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'bad'; readonly bad: BadRecordKind; readonly reason: string };

/** An entry as Redis holds it: what the scripts look at, the record, and its seal. @param token names this registration. */
export function encodeEnvelope(entry: Entry, token: string, seal: MessageSeal | null): string {
  const terms = termsOf(entry);
  const record = encodeRecord(entry);
  return JSON.stringify({
    t: token,
    ...(entry.kind === 'worker' ? { i: entry.record.incarnation } : {}),
    ...(terms === null ? {} : { b: terms.blockSize }),
    ...(terms === null || terms.model === null ? {} : { m: terms.model }),
    r: record,
    ...(seal === null
      ? {}
      : { a: seal.tagText(sealContext(entry.record.endpoint, idOf(entry)), `${token}\n${record}`) }),
  });
}

/**
 * Reads what stands under an id of an endpoint; what is not believed, with the reason.
 * The fields that the scripts look at must say what the record says, which its seal covers.
 */
export function readEnvelope(
  { endpoint, id, text }: { readonly endpoint: EndpointName; readonly id: string; readonly text: string },
  trust: RecordTrust,
): EnvelopeReading {
  const fields = fieldsOf(text);
  const { r: record, t: token, a: tag } = fields ?? {};
  if (typeof record !== 'string' || typeof token !== 'string') return bad('unreadable', 'it is no envelope');
  const { seal, believesUnsealed } = trust;
  if (seal !== null) {
    if (tag === undefined && !believesUnsealed) return bad('unsealed', 'it carries no seal');
    const isRight =
      tag === undefined ||
      (typeof tag === 'string' && seal.isTagOf(sealContext(endpoint, id), `${token}\n${record}`, tag));
    if (!isRight) return bad('wrongSeal', 'its seal is wrong');
  }
  const reading = decodeRecord(id, record);
  if (reading.kind === 'bad') return reading;
  const { entry } = reading;
  if (idOf(entry) !== id) return bad('unreadable', `it is of ${idOf(entry)}`);
  if (formatEndpointName(entry.record.endpoint) !== formatEndpointName(endpoint))
    return bad('unreadable', `it is of ${formatEndpointName(entry.record.endpoint)}`);
  const terms = termsOf(entry);
  const isAsSaid =
    fields?.['b'] === terms?.blockSize &&
    (fields?.['m'] ?? null) === (terms?.model ?? null) &&
    (entry.kind !== 'worker' || fields?.['i'] === entry.record.incarnation);
  return isAsSaid ? reading : bad('unreadable', 'its envelope says something else than its record');
}

function decodeRecord(id: string, record: string): EnvelopeReading {
  const [kind, name] = split(id);
  switch (kind) {
    case 'worker': {
      const reading = decodeWorkerRecord(record);
      return reading.kind === 'record'
        ? entryOf({ kind, record: reading.record, deadlineMs: 0 })
        : bad('unreadable', reading.reason);
    }
    case 'router': {
      const reading = decodeRouterRecord(record);
      return reading.kind === 'record'
        ? entryOf({ kind, record: reading.record, deadlineMs: 0 })
        : bad('unreadable', reading.reason);
    }
    case 'claim': {
      const reading = decodePoolRecord(record);
      return reading.kind === 'record'
        ? entryOf({ kind, routerId: routerId(name), record: reading.record, deadlineMs: 0 })
        : bad('unreadable', reading.reason);
    }
    default:
      return bad('unreadable', 'its id is of no kind that this version knows');
  }
}

const entryOf = (entry: Entry): EnvelopeReading => ({ kind: 'entry', entry });

const bad = (kind: BadRecordKind, reason: string): EnvelopeReading & { kind: 'bad' } => ({
  kind: 'bad',
  bad: kind,
  reason,
});

/** Where a record belongs: moved to another id or endpoint its seal is wrong. */
const sealContext = (endpoint: EndpointName, id: string): string =>
  `record ${formatEndpointName(endpoint)} ${id}`;

function split(id: string): readonly [string, string] {
  const at = id.indexOf(':');
  return [id.slice(0, at), id.slice(at + 1)];
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
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
