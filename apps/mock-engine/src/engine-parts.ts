import type { Clock, Logger } from '@kvasir/service';
import type { TextService } from '@kvasir/text';
import type { Adapters } from './adapters.js';
import type { MockEngineConfig } from './config.js';
import type { EngineApi } from './dialects/engine-api.js';
import type { EngineDriver, Finished } from './engine/engine-driver.js';
import type { EngineRanks } from './engine/engine-ranks.js';
import type { ProseBook } from './engine/prose-book.js';
import type { FaultSwitch } from './faults.js';
import type { Peers } from './transfer/peers.js';

/** What a request meets inside a running mock engine. */
export interface EngineParts {
  readonly config: MockEngineConfig;
  /** How it speaks to its clients. */
  readonly api: EngineApi;
  readonly ranks: EngineRanks;
  readonly book: ProseBook;
  readonly text: TextService;
  readonly peers: Peers;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly faults: FaultSwitch;
  readonly adapters: Adapters;
  /** This engine to its peers, for this life. */
  readonly engineId: string;
  /** Where peers reach the side channel. */
  readonly sideChannel: () => { readonly host: string; readonly port: number };
  /** Never gives the same number twice. */
  readonly nextSequenceNumber: () => number;
  /** Milliseconds since 1970. */
  readonly epochMs: () => number;
  /** A sequence of a rank has ended well. */
  readonly finished: (end: Finished, rank: number) => void;
}

/** The same for a request whose rank is chosen. */
export interface RankParts extends EngineParts {
  readonly rank: number;
  readonly driver: EngineDriver;
}
