import type { QueueOptions } from '@kvasir/scheduler';
import type { OptionSpecs, OptionValues } from '@kvasir/service';

/** What every program with a router in it is told of its queue; to be spread into its option table. */
export const queueOptions = {
  routerQueuePrefillTokens: {
    kind: 'integer',
    default: null,
    min: 0,
    unit: 'tokens',
    doc: 'A worker with more prompt tokens than this booked and not computed takes nothing new; when no worker is left, requests wait here, those of higher priority first. By default none waits.',
    group: 'Routing',
  },
  routerQueueRequestsMax: {
    kind: 'integer',
    default: 4_096,
    min: 1,
    unit: 'requests',
    doc: 'Requests that wait at a time; more are refused.',
    group: 'Routing',
  },
} as const satisfies OptionSpecs;

/** The queue that the values ask for; null for none. */
export function queueOf(values: OptionValues<typeof queueOptions>): QueueOptions | null {
  const { routerQueuePrefillTokens: prefillTokensMax, routerQueueRequestsMax: requestsMax } = values;
  return prefillTokensMax === null ? null : { prefillTokensMax, requestsMax };
}
