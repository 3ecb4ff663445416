// Original file: proto/kvasir/v1/router.proto

import type { PotentialLoad as _kvasir_v1_PotentialLoad, PotentialLoad__Output as _kvasir_v1_PotentialLoad__Output } from '../../kvasir/v1/PotentialLoad.js';

export interface GetPotentialLoadsResponse {
  'loads'?: (_kvasir_v1_PotentialLoad)[];
}

export interface GetPotentialLoadsResponse__Output {
  'loads': (_kvasir_v1_PotentialLoad__Output)[];
}
