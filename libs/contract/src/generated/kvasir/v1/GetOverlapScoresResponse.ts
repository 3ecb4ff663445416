// Original file: proto/kvasir/v1/router.proto

import type { OverlapScore as _kvasir_v1_OverlapScore, OverlapScore__Output as _kvasir_v1_OverlapScore__Output } from '../../kvasir/v1/OverlapScore.js';

export interface GetOverlapScoresResponse {
  'blockSize'?: (number);
  'promptBlocks'?: (number);
  'scores'?: (_kvasir_v1_OverlapScore)[];
}

export interface GetOverlapScoresResponse__Output {
  'blockSize': (number);
  'promptBlocks': (number);
  'scores': (_kvasir_v1_OverlapScore__Output)[];
}
