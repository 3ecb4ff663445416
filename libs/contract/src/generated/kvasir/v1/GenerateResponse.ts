// Original file: proto/kvasir/v1/router.proto

import type { RouteDecision as _kvasir_v1_RouteDecision, RouteDecision__Output as _kvasir_v1_RouteDecision__Output } from '../../kvasir/v1/RouteDecision.js';

export interface GenerateResponse {
  /**
   * First message: where the request went.
   */
  'routed'?: (_kvasir_v1_RouteDecision | null);
  /**
   * One engine event as it came (the JSON of one server-sent event), bytes unchanged.
   */
  'chunkJson'?: (Buffer | Uint8Array | string);
  'event'?: "routed"|"chunkJson";
}

export interface GenerateResponse__Output {
  /**
   * First message: where the request went.
   */
  'routed'?: (_kvasir_v1_RouteDecision__Output | null);
  /**
   * One engine event as it came (the JSON of one server-sent event), bytes unchanged.
   */
  'chunkJson'?: (Buffer);
  'event'?: "routed"|"chunkJson";
}
