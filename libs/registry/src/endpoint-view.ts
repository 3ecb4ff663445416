import { formatEndpointName } from '@kvasir/contract';
import type { EndpointName } from '@kvasir/contract';
import { termsOf } from './entries.js';
import type { Entry } from './entries.js';
import { poolOf } from './pool-agreement.js';
import type { EndpointView } from './registry.js';

export const EMPTY_VIEW: EndpointView = { workers: [], routers: [], pool: null, isFresh: true };

/** What is alive at an endpoint, ordered by id. O(n log n). */
export function makeView(
  endpoint: EndpointName,
  byId: Iterable<readonly [string, Entry]>,
  isFresh = true,
): EndpointView {
  const entries = [...byId].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, entry]) => entry);
  return {
    workers: entries.flatMap((entry) => (entry.kind === 'worker' ? [entry.record] : [])),
    routers: entries.flatMap((entry) => (entry.kind === 'router' ? [entry.record] : [])),
    pool: poolOf(
      endpoint,
      entries.flatMap((entry) => termsOf(entry) ?? []),
    ),
    isFresh,
  };
}

/** Whether two lists name the same endpoints in the same order. */
export function sameEndpoints(one: readonly EndpointName[], other: readonly EndpointName[]): boolean {
  return (
    one.length === other.length &&
    one.every((endpoint, index) => {
      const twin = other[index];
      return twin !== undefined && formatEndpointName(endpoint) === formatEndpointName(twin);
    })
  );
}
