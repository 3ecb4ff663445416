import type { EndpointName } from './records.js';

const namespacePrefix = (namespace: string): string => `kvasir:v1:${namespace}`;

/**
 * The braces are a Redis Cluster hash tag: all keys of one endpoint live in one slot, so that registering (record, deadline and version together) is one script.
 */
const endpointPrefix = (endpoint: EndpointName): string =>
  `${namespacePrefix(endpoint.namespace)}:{${endpoint.component}.${endpoint.endpoint}}`;

/** Every key in Redis, all under `kvasir:v1:<namespace>:`. */
export const keys = {
  /** Endpoints of a namespace that have a pool. */
  endpoints: (namespace: string): string => `${namespacePrefix(namespace)}:endpoints`,
  /** Hash of everything registered at an endpoint: id to record and what fencing needs. */
  records: (endpoint: EndpointName): string => `${endpointPrefix(endpoint)}:records`,
  /** Ids by lease deadline, in ms of the store's clock. */
  leases: (endpoint: EndpointName): string => `${endpointPrefix(endpoint)}:leases`,
  /** Grows with every change of the records. */
  version: (endpoint: EndpointName): string => `${endpointPrefix(endpoint)}:version`,
  /** What the newest snapshot of an endpoint's index is (`IndexSnapshotManifest`). */
  snapshotManifest: (endpoint: EndpointName): string => `${endpointPrefix(endpoint)}:snapshot`,
  /** One chunk of a snapshot. */
  snapshotChunk: (endpoint: EndpointName, snapshotId: string, chunk: number): string =>
    `${endpointPrefix(endpoint)}:snapshot:${snapshotId}:${chunk}`,
  /** Held by the router that writes one. */
  snapshotLock: (endpoint: EndpointName): string => `${endpointPrefix(endpoint)}:snapshot-lock`,
} as const;
