// Original file: proto/kvasir/v1/router.proto


export interface DumpEventsRequest {
}

export interface DumpEventsRequest__Output {
}
