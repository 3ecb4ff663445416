// Original file: proto/kvasir/v1/router.proto

import type { Prompt as _kvasir_v1_Prompt, Prompt__Output as _kvasir_v1_Prompt__Output } from '../../kvasir/v1/Prompt.js';

export interface GetPotentialLoadsRequest {
  'prompt'?: (_kvasir_v1_Prompt | null);
}

export interface GetPotentialLoadsRequest__Output {
  'prompt': (_kvasir_v1_Prompt__Output | null);
}
