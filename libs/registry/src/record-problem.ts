import {
  decodePoolRecord,
  decodeRouterRecord,
  decodeWorkerRecord,
  encodePoolRecord,
  encodeRouterRecord,
  encodeWorkerRecord,
  formatEndpointName,
  roleProblem,
} from '@kvasir/contract';
import type { Entry } from './entries.js';
import type { Refusal } from './registry.js';

/** What every HTTP header can carry as it is; length and emptiness are the codec's to judge. */
const HEADER_VALUE = /^([\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?)?$/;

/** Everything that is wrong with a record, in one sentence, or null: what a consumer could not read must not be registered. */
function recordProblem(entry: Entry): string | null {
  if (entry.kind === 'worker' && !HEADER_VALUE.test(entry.record.workerId))
    return 'workerId must be visible ASCII characters without spaces at its ends: it is told in HTTP headers';
  const reading = readBack(entry);
  return reading.kind === 'malformed' ? reading.reason : null;
}

/** Why an entry cannot be registered at all; null when it can. @throws RangeError for a lease that is no duration. */
export function admissionProblem(entry: Entry, leaseMs: number): Refusal | null {
  if (!(leaseMs > 0 && leaseMs < Infinity))
    throw new RangeError(`Cannot register: leaseMs must be positive, received ${leaseMs}`);
  const problem = recordProblem(entry);
  return problem === null ? roleRefusal(entry) : invalidRecord(`the record is invalid: ${problem}`);
}

/** Puts another record into an entry whose lease is held, or says why not and changes nothing. */
export function replaceRecord<EntryType extends Entry>(
  entry: EntryType,
  record: EntryType['record'],
): Refusal | null {
  const changed = changedIdentity(entry, record);
  if (changed !== null)
    return invalidRecord(`the record cannot be updated: ${changed} cannot change while the lease is held`);
  const before = entry.record;
  entry.record = record;
  const problem = recordProblem(entry);
  const refusal =
    problem === null ? roleRefusal(entry) : invalidRecord(`the record cannot be updated: ${problem}`);
  if (refusal !== null) entry.record = before;
  return refusal;
}

/** A worker that nobody could give work is told at once, instead of standing in the list. */
function roleRefusal(entry: Entry): Refusal | null {
  const problem = entry.kind === 'worker' ? roleProblem(entry.record) : null;
  return problem === null ? null : { kind: 'refused', code: 'REGISTRY_UNSERVABLE_ROLE', message: problem };
}

function invalidRecord(message: string): Refusal {
  return { kind: 'refused', code: 'REGISTRY_INVALID_RECORD', message };
}

/** The field of a record that an update may not change but did, or null. */
function changedIdentity(standing: Entry, updated: Entry['record']): string | null {
  const before = identityOf(standing.record);
  const after = identityOf(updated);
  return Object.keys(before).find((field) => before[field] !== after[field]) ?? null;
}

function readBack(entry: Entry): { kind: 'record' } | { kind: 'malformed'; reason: string } {
  switch (entry.kind) {
    case 'worker':
      return decodeWorkerRecord(encodeWorkerRecord(entry.record));
    case 'router':
      return decodeRouterRecord(encodeRouterRecord(entry.record));
    case 'claim':
      return decodePoolRecord(encodePoolRecord(entry.record));
  }
}

function identityOf(record: Entry['record']): Readonly<Record<string, unknown>> {
  const endpoint = formatEndpointName(record.endpoint);
  if ('workerId' in record) {
    const { workerId, incarnation, blockSize, model } = record;
    return { workerId, incarnation, endpoint, blockSize, model };
  }
  return 'routerId' in record ? { routerId: record.routerId, endpoint } : { endpoint };
}
