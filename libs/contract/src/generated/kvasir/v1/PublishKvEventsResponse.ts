// Original file: proto/kvasir/v1/events.proto

import type { Long } from '@grpc/proto-loader';

export interface PublishKvEventsResponse {
  /**
   * Events taken.
   */
  'eventCount'?: (number | string | Long);
}

export interface PublishKvEventsResponse__Output {
  /**
   * Events taken.
   */
  'eventCount': (string);
}
