import type { SimLoad } from './messages.js';

type Momentary = 'runningRequests' | 'waitingRequests' | 'keptPrefills' | 'kvUsedShare' | 'cachedBlocks';

/** What only ever grows. */
export type LoadTotals = { -readonly [Name in Exclude<keyof SimLoad, Momentary>]: SimLoad[Name] };

export function emptyTotals(): LoadTotals {
  return {
    steps: 0,
    preemptions: 0,
    prefillTokens: 0,
    outputTokens: 0,
    queriedTokens: 0,
    hitTokens: 0,
    fetchedTokens: 0,
    failedTransfers: 0,
    expiredLeases: 0,
    refusedRequests: 0,
  };
}
