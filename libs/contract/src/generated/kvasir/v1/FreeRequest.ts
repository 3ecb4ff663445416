// Original file: proto/kvasir/v1/router.proto


export interface FreeRequest {
  'requestId'?: (string);
}

export interface FreeRequest__Output {
  'requestId': (string);
}
