import {
  decodePoolRecord,
  decodeRouterRecord,
  decodeWorkerRecord,
  encodePoolRecord,
  encodeRouterRecord,
  encodeWorkerRecord,
  formatEndpointName,
} from '@kvasir/contract';
import type { Entry } from './entries.js';

/** Everything that is wrong with a record, in one sentence, or null: what a consumer could not read must not be registered. */
export function recordProblem(entry: Entry): string | null {
  const reading = readBack(entry);
  return reading.kind === 'malformed' ? reading.reason : null;
}

/** The field of a record that an update may not change but did, or null. */
export function changedIdentity(standing: Entry, updated: Entry['record']): string | null {
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
