// Original file: proto/kvasir/v1/router.proto


export interface PotentialLoad {
  'workerId'?: (string);
  'rank'?: (number);
  'potentialPrefillTokens'?: (number);
  'potentialDecodeBlocks'?: (number);
  'activeRequests'?: (number);
}

export interface PotentialLoad__Output {
  'workerId': (string);
  'rank': (number);
  'potentialPrefillTokens': (number);
  'potentialDecodeBlocks': (number);
  'activeRequests': (number);
}
