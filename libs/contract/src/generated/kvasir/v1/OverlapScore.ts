// Original file: proto/kvasir/v1/router.proto


export interface OverlapScore {
  'workerId'?: (string);
  'rank'?: (number);
  'overlapBlocks'?: (number);
}

export interface OverlapScore__Output {
  'workerId': (string);
  'rank': (number);
  'overlapBlocks': (number);
}
