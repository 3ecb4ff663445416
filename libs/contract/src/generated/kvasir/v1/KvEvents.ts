// Original file: proto/kvasir/v1/events.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { PublishKvEventsRequest as _kvasir_v1_PublishKvEventsRequest, PublishKvEventsRequest__Output as _kvasir_v1_PublishKvEventsRequest__Output } from '../../kvasir/v1/PublishKvEventsRequest.js';
import type { PublishKvEventsResponse as _kvasir_v1_PublishKvEventsResponse, PublishKvEventsResponse__Output as _kvasir_v1_PublishKvEventsResponse__Output } from '../../kvasir/v1/PublishKvEventsResponse.js';

/**
 * Served by engine agents, for engines that publish their KV events by themselves instead of over ZMQ.
 */
export interface KvEventsClient extends grpc.Client {
  /**
   * Tells of one rank's KV cache as it changes, for as long as the stream is open. The first message opens it; a new stream of the same rank voids
   * what an earlier one told. The answer comes when the caller has ended the stream.
   */
  PublishKvEvents(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_PublishKvEventsResponse__Output>): grpc.ClientWritableStream<_kvasir_v1_PublishKvEventsRequest>;
  PublishKvEvents(metadata: grpc.Metadata, callback: grpc.requestCallback<_kvasir_v1_PublishKvEventsResponse__Output>): grpc.ClientWritableStream<_kvasir_v1_PublishKvEventsRequest>;
  PublishKvEvents(options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_PublishKvEventsResponse__Output>): grpc.ClientWritableStream<_kvasir_v1_PublishKvEventsRequest>;
  PublishKvEvents(callback: grpc.requestCallback<_kvasir_v1_PublishKvEventsResponse__Output>): grpc.ClientWritableStream<_kvasir_v1_PublishKvEventsRequest>;
  /**
   * Tells of one rank's KV cache as it changes, for as long as the stream is open. The first message opens it; a new stream of the same rank voids
   * what an earlier one told. The answer comes when the caller has ended the stream.
   */
  publishKvEvents(metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_PublishKvEventsResponse__Output>): grpc.ClientWritableStream<_kvasir_v1_PublishKvEventsRequest>;
  publishKvEvents(metadata: grpc.Metadata, callback: grpc.requestCallback<_kvasir_v1_PublishKvEventsResponse__Output>): grpc.ClientWritableStream<_kvasir_v1_PublishKvEventsRequest>;
  publishKvEvents(options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_PublishKvEventsResponse__Output>): grpc.ClientWritableStream<_kvasir_v1_PublishKvEventsRequest>;
  publishKvEvents(callback: grpc.requestCallback<_kvasir_v1_PublishKvEventsResponse__Output>): grpc.ClientWritableStream<_kvasir_v1_PublishKvEventsRequest>;
  
}

/**
 * Served by engine agents, for engines that publish their KV events by themselves instead of over ZMQ.
 */
export interface KvEventsHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Tells of one rank's KV cache as it changes, for as long as the stream is open. The first message opens it; a new stream of the same rank voids
   * what an earlier one told. The answer comes when the caller has ended the stream.
   */
  PublishKvEvents: grpc.handleClientStreamingCall<_kvasir_v1_PublishKvEventsRequest__Output, _kvasir_v1_PublishKvEventsResponse>;
  
}

export interface KvEventsDefinition extends grpc.ServiceDefinition {
  PublishKvEvents: MethodDefinition<_kvasir_v1_PublishKvEventsRequest, _kvasir_v1_PublishKvEventsResponse, _kvasir_v1_PublishKvEventsRequest__Output, _kvasir_v1_PublishKvEventsResponse__Output>
}
