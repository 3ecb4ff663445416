import { incarnation, type Incarnation, type RouterId, type WorkerId } from '@kvasir/units';
import type { EndpointName } from './records.js';
import { decodeToken, encodeToken, workerIdOfToken } from './subject-token.js';

/** One KV cache: what numbers its own event batches. */
export interface KvSource {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  /** Data-parallel rank inside the worker. */
  readonly rank: number;
}

const VERSION = 'v1';
/** Ranks are u32 on the wire and in subjects. */
const RANK_MAX = 0xffff_ffff;

const endpointPrefix = (endpoint: EndpointName): string =>
  `kvasir.${VERSION}.${endpoint.namespace}.${endpoint.component}.${endpoint.endpoint}`;

function rankToken(rank: number): string {
  if (!Number.isInteger(rank) || rank < 0 || rank > RANK_MAX)
    throw new RangeError(`Cannot build a subject: rank must be an integer from 0, received ${rank}`);
  return String(rank);
}

/**
 * Every subject of the event plane. Parts of an endpoint name are subject tokens as they are (`parseEndpointName`); ids are escaped.
 *
 * | subject | carries |
 * |---|---|
 * | `kvasir.v1.<ns>.<component>.<endpoint>.kv.<worker>.<rank>` | KV event batches and announcements of their newest number |
 * | `kvasir.v1.<ns>.<component>.<endpoint>.kv-recovery.<worker>.<incarnation>.<rank>` | requests for missing batches or the whole set |
 * | `kvasir.v1.<ns>.<component>.<endpoint>.loads.<router>` | what one router has booked |
 * | `kvasir.v1.<ns>.<component>.<endpoint>.engine-loads.<worker>` | what an engine says of its load, per rank |
 * | `kvasir.v1.<ns>.<component>.<endpoint>.pool-reports` | how full the pool is, from each of its routers |
 * | `kvasir.v1.<ns>.<component>.<endpoint>.records` | nothing: what is registered at the endpoint has changed |
 */
export const subjects = {
  kvEvents(endpoint: EndpointName, workerId: WorkerId, rank: number): string {
    return `${endpointPrefix(endpoint)}.kv.${encodeToken(workerId)}.${rankToken(rank)}`;
  },
  /** Pattern: the events of every worker and rank of an endpoint. */
  kvEventsOfAll(endpoint: EndpointName): string {
    return `${endpointPrefix(endpoint)}.kv.*.*`;
  },
  /** Name of the stream that keeps the events of an endpoint; names of streams have no dots. */
  kvEventLog(endpoint: EndpointName): string {
    return endpointPrefix(endpoint).replaceAll('.', '~') + '~kv';
  },
  /** One life of a worker answers on its own subject, so that a successor is never asked for its predecessor's batches. */
  kvRecovery(endpoint: EndpointName, source: KvSource): string {
    return `${endpointPrefix(endpoint)}.kv-recovery.${encodeToken(source.workerId)}.${encodeToken(source.incarnation)}.${rankToken(source.rank)}`;
  },
  loads(endpoint: EndpointName, routerId: RouterId): string {
    return `${endpointPrefix(endpoint)}.loads.${encodeToken(routerId)}`;
  },
  /** Pattern: the loads of every router of an endpoint. */
  loadsOfAll(endpoint: EndpointName): string {
    return `${endpointPrefix(endpoint)}.loads.*`;
  },
  engineLoads(endpoint: EndpointName, workerId: WorkerId): string {
    return `${endpointPrefix(endpoint)}.engine-loads.${encodeToken(workerId)}`;
  },
  /** Pattern: what every engine of an endpoint says of its load. */
  engineLoadsOfAll(endpoint: EndpointName): string {
    return `${endpointPrefix(endpoint)}.engine-loads.*`;
  },
  poolReports(endpoint: EndpointName): string {
    return `${endpointPrefix(endpoint)}.pool-reports`;
  },
  /** Says that the records of an endpoint have changed; where they are read anew is the registry's matter. */
  records(endpoint: EndpointName): string {
    return `${endpointPrefix(endpoint)}.records`;
  },
} as const;

/** What a subject carries, by its name in the table above: for counting. */
export type SubjectKind =
  'kv' | 'kv-recovery' | 'loads' | 'engine-loads' | 'pool-reports' | 'records' | 'other';

const KINDS: ReadonlySet<string> = new Set<SubjectKind>([
  'kv',
  'kv-recovery',
  'loads',
  'engine-loads',
  'pool-reports',
  'records',
]);
const KIND_TOKEN = /^kvasir\.v1\.[^.]+\.[^.]+\.[^.]+\.([^.]+)/;

/** `other` for a subject that is none of ours. */
export function subjectKind(subject: string): SubjectKind {
  const kind = KIND_TOKEN.exec(subject)?.[1] ?? '';
  return KINDS.has(kind) ? (kind as SubjectKind) : 'other';
}

const KV_EVENTS = /^kvasir\.v1\.[^.]+\.[^.]+\.[^.]+\.kv\.([^.]+)\.(0|[1-9][0-9]{0,9})$/;
const KV_RECOVERY = /^kvasir\.v1\.[^.]+\.[^.]+\.[^.]+\.kv-recovery\.([^.]+)\.([^.]+)\.(0|[1-9][0-9]{0,9})$/;

/** Reads a subject of `subjects.kvEvents` back; null when it is none. */
export function parseKvEventsSubject(subject: string): { workerId: WorkerId; rank: number } | null {
  const [, worker, rank] = KV_EVENTS.exec(subject) ?? [];
  if (worker === undefined || rank === undefined || Number(rank) > RANK_MAX) return null;
  const id = workerIdOfToken(worker);
  return id === null ? null : { workerId: id, rank: Number(rank) };
}

/** Reads a subject of `subjects.kvRecovery` back; null when it is none. */
export function parseKvRecoverySubject(subject: string): KvSource | null {
  const [, worker, life, rank] = KV_RECOVERY.exec(subject) ?? [];
  if (worker === undefined || life === undefined || rank === undefined || Number(rank) > RANK_MAX)
    return null;
  const id = workerIdOfToken(worker);
  const incarnationText = decodeToken(life);
  return id === null || incarnationText === null
    ? null
    : { workerId: id, incarnation: incarnation(incarnationText), rank: Number(rank) };
}
