// Original file: proto/kvasir/v1/router.proto

import type { Prompt as _kvasir_v1_Prompt, Prompt__Output as _kvasir_v1_Prompt__Output } from '../../kvasir/v1/Prompt.js';
import type { RouterOverrides as _kvasir_v1_RouterOverrides, RouterOverrides__Output as _kvasir_v1_RouterOverrides__Output } from '../../kvasir/v1/RouterOverrides.js';
import type { RoutingConstraints as _kvasir_v1_RoutingConstraints, RoutingConstraints__Output as _kvasir_v1_RoutingConstraints__Output } from '../../kvasir/v1/RoutingConstraints.js';
import type { PoolHints as _kvasir_v1_PoolHints, PoolHints__Output as _kvasir_v1_PoolHints__Output } from '../../kvasir/v1/PoolHints.js';

export interface BestWorkerIdRequest {
  'prompt'?: (_kvasir_v1_Prompt | null);
  'overrides'?: (_kvasir_v1_RouterOverrides | null);
  'constraints'?: (_kvasir_v1_RoutingConstraints | null);
  'poolHints'?: (_kvasir_v1_PoolHints | null);
}

export interface BestWorkerIdRequest__Output {
  'prompt': (_kvasir_v1_Prompt__Output | null);
  'overrides': (_kvasir_v1_RouterOverrides__Output | null);
  'constraints': (_kvasir_v1_RoutingConstraints__Output | null);
  'poolHints': (_kvasir_v1_PoolHints__Output | null);
}
