import type { EngineKvEvent } from '@kvasir/engine-events';

/** Takes the events of one rank; what an earlier taker of the rank was told is void. */
export type RankTaker = (event: EngineKvEvent) => void;

/** What there is under the name of a worker. */
export type TakerLookup =
  | { readonly kind: 'taker'; readonly take: RankTaker }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'down'; readonly reason: string };
