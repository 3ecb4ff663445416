import type { RouterId, WorkerId } from '@kvasir/units';
import type { EndpointName } from './records.js';
import { encodeToken } from './subject-token.js';

const namespacePrefix = (namespace: string): string => `kvasir:v1:${namespace}`;

/**
 * The braces are a Redis Cluster hash tag: all keys of one endpoint live in one slot, so that registering (record, deadline and pool together) is one script.
 */
const endpointPrefix = (endpoint: EndpointName): string =>
  `${namespacePrefix(endpoint.namespace)}:{${endpoint.component}.${endpoint.endpoint}}`;

/** Every key of the registry, all under `kvasir:v1:<namespace>:`. */
export const keys = {
  /** Endpoints of a namespace that have a pool. */
  endpoints: (namespace: string): string => `${namespacePrefix(namespace)}:endpoints`,
  /** What all workers of an endpoint share. */
  pool: (endpoint: EndpointName): string => `${endpointPrefix(endpoint)}:pool`,
  /** Who holds the pool: ids of workers, routers and claims by lease deadline. */
  leases: (endpoint: EndpointName): string => `${endpointPrefix(endpoint)}:leases`,
  worker: (endpoint: EndpointName, workerId: WorkerId): string =>
    `${endpointPrefix(endpoint)}:worker:${encodeToken(workerId)}`,
  router: (endpoint: EndpointName, routerId: RouterId): string =>
    `${endpointPrefix(endpoint)}:router:${encodeToken(routerId)}`,
} as const;
