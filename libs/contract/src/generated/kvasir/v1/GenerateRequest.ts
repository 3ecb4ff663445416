// Original file: proto/kvasir/v1/router.proto

import type { Prompt as _kvasir_v1_Prompt, Prompt__Output as _kvasir_v1_Prompt__Output } from '../../kvasir/v1/Prompt.js';
import type { RouterOverrides as _kvasir_v1_RouterOverrides, RouterOverrides__Output as _kvasir_v1_RouterOverrides__Output } from '../../kvasir/v1/RouterOverrides.js';
import type { RoutingConstraints as _kvasir_v1_RoutingConstraints, RoutingConstraints__Output as _kvasir_v1_RoutingConstraints__Output } from '../../kvasir/v1/RoutingConstraints.js';
import type { PoolHints as _kvasir_v1_PoolHints, PoolHints__Output as _kvasir_v1_PoolHints__Output } from '../../kvasir/v1/PoolHints.js';

export interface GenerateRequest {
  /**
   * Chosen by the router when empty.
   */
  'requestId'?: (string);
  'prompt'?: (_kvasir_v1_Prompt | null);
  'overrides'?: (_kvasir_v1_RouterOverrides | null);
  'constraints'?: (_kvasir_v1_RoutingConstraints | null);
  /**
   * JSON object of the engine's own sampling fields (max_tokens, temperature, stop, kv_transfer_params, ...).
   */
  'samplingJson'?: (Buffer | Uint8Array | string);
  'poolHints'?: (_kvasir_v1_PoolHints | null);
}

export interface GenerateRequest__Output {
  /**
   * Chosen by the router when empty.
   */
  'requestId': (string);
  'prompt': (_kvasir_v1_Prompt__Output | null);
  'overrides': (_kvasir_v1_RouterOverrides__Output | null);
  'constraints': (_kvasir_v1_RoutingConstraints__Output | null);
  /**
   * JSON object of the engine's own sampling fields (max_tokens, temperature, stop, kv_transfer_params, ...).
   */
  'samplingJson': (Buffer);
  'poolHints': (_kvasir_v1_PoolHints__Output | null);
}
