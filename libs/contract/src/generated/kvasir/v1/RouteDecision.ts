// Original file: proto/kvasir/v1/router.proto

import type { CostTerm as _kvasir_v1_CostTerm, CostTerm__Output as _kvasir_v1_CostTerm__Output } from '../../kvasir/v1/CostTerm.js';

export interface RouteDecision {
  'workerId'?: (string);
  'rank'?: (number);
  /**
   * Where the engine serves, e.g. http://127.0.0.1:9001.
   */
  'url'?: (string);
  'dialect'?: (string);
  /**
   * Leading prompt blocks that the chosen target holds.
   */
  'overlapBlocks'?: (number);
  /**
   * Complete blocks of the prompt.
   */
  'promptBlocks'?: (number);
  'blockSize'?: (number);
  'cachedTokens'?: (number);
  'cost'?: (number | string);
  'terms'?: (_kvasir_v1_CostTerm)[];
  'incarnation'?: (string);
  /**
   * Pool that was chosen; empty when a local router answers, and a path (outer/inner) when routers of pools are nested.
   */
  'pool'?: (string);
  /**
   * Where the request is booked, when that is another router than the one that was asked: MarkPrefillComplete and Free go there at once.
   */
  'routerAddress'?: (string);
}

export interface RouteDecision__Output {
  'workerId': (string);
  'rank': (number);
  /**
   * Where the engine serves, e.g. http://127.0.0.1:9001.
   */
  'url': (string);
  'dialect': (string);
  /**
   * Leading prompt blocks that the chosen target holds.
   */
  'overlapBlocks': (number);
  /**
   * Complete blocks of the prompt.
   */
  'promptBlocks': (number);
  'blockSize': (number);
  'cachedTokens': (number);
  'cost': (number);
  'terms': (_kvasir_v1_CostTerm__Output)[];
  'incarnation': (string);
  /**
   * Pool that was chosen; empty when a local router answers, and a path (outer/inner) when routers of pools are nested.
   */
  'pool': (string);
  /**
   * Where the request is booked, when that is another router than the one that was asked: MarkPrefillComplete and Free go there at once.
   */
  'routerAddress': (string);
}
