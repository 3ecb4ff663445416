// Original file: proto/kvasir/v1/router.proto

import type { ExplainedPool as _kvasir_v1_ExplainedPool, ExplainedPool__Output as _kvasir_v1_ExplainedPool__Output } from '../../kvasir/v1/ExplainedPool.js';

export interface ExplainPoolResponse {
  /**
   * The chosen pool first, then where to fail over, then who was refused.
   */
  'pools'?: (_kvasir_v1_ExplainedPool)[];
  /**
   * only, affinity, override, grid, probe or load; empty when no pool is eligible.
   */
  'reason'?: (string);
  /**
   * One index per axis of the grid; empty without one.
   */
  'cell'?: (number)[];
  /**
   * Pool that would have been chosen had it not been saturated.
   */
  'spilledFrom'?: (string);
}

export interface ExplainPoolResponse__Output {
  /**
   * The chosen pool first, then where to fail over, then who was refused.
   */
  'pools': (_kvasir_v1_ExplainedPool__Output)[];
  /**
   * only, affinity, override, grid, probe or load; empty when no pool is eligible.
   */
  'reason': (string);
  /**
   * One index per axis of the grid; empty without one.
   */
  'cell': (number)[];
  /**
   * Pool that would have been chosen had it not been saturated.
   */
  'spilledFrom': (string);
}
