import { compareIncarnations, formatEndpointName } from '@kvasir/contract';
import type { PoolRecord, RouterRecord, WorkerRecord } from '@kvasir/contract';
import type { RouterId } from '@kvasir/units';
import type { PoolTerms } from './pool-agreement.js';
import type { Refusal } from './registry.js';

/** Something registered, until its deadline. Compared by identity: who registers the same id again replaces it. */
export type Entry = WorkerEntry | RouterEntry | ClaimEntry;

export interface WorkerEntry {
  readonly kind: 'worker';
  record: WorkerRecord;
  deadlineMs: number;
}

export interface RouterEntry {
  readonly kind: 'router';
  record: RouterRecord;
  deadlineMs: number;
}

/** A router that holds the pool's terms. */
export interface ClaimEntry {
  readonly kind: 'claim';
  readonly routerId: RouterId;
  record: PoolRecord;
  deadlineMs: number;
}

/** What an entry says of the pool; a router's record says nothing. */
export function termsOf(entry: Entry): PoolTerms | null {
  return entry.kind === 'router' ? null : entry.record;
}

export function idOf(entry: Entry): string {
  if (entry.kind === 'worker') return `worker:${entry.record.workerId}`;
  return entry.kind === 'router' ? `router:${entry.record.routerId}` : `claim:${entry.routerId}`;
}

export function nameOf(entry: Entry): string {
  if (entry.kind === 'worker') return `worker "${entry.record.workerId}"`;
  return entry.kind === 'router' ? `router "${entry.record.routerId}"` : `router "${entry.routerId}"`;
}

/** Why an entry cannot take the place of a newer life of the same worker; null when it may. */
export function fencing(entry: Entry, standing: Entry | null): Refusal | null {
  if (entry.kind !== 'worker' || standing?.kind !== 'worker') return null;
  const { workerId, incarnation } = entry.record;
  const { incarnation: newer } = standing.record;
  if (compareIncarnations(incarnation, newer) !== 'older') return null;
  return {
    kind: 'refused',
    code: 'REGISTRY_SUPERSEDED',
    message: `worker "${workerId}" is registered by the newer incarnation ${newer}: incarnation ${incarnation} is over`,
  };
}

/** Why an entry has no room at its endpoint. */
export function noRoom(entry: Entry, others: number): Refusal {
  return {
    kind: 'refused',
    code: 'REGISTRY_FULL',
    message: `${formatEndpointName(entry.record.endpoint)} holds ${others} records, which is its limit`,
  };
}
