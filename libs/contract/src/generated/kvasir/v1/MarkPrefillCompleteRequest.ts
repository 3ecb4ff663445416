// Original file: proto/kvasir/v1/router.proto


export interface MarkPrefillCompleteRequest {
  'requestId'?: (string);
}

export interface MarkPrefillCompleteRequest__Output {
  'requestId': (string);
}
