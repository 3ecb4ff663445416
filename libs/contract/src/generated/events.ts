import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { BlockMedia as _kvasir_v1_BlockMedia, BlockMedia__Output as _kvasir_v1_BlockMedia__Output } from './kvasir/v1/BlockMedia.js';
import type { KvBlocksRemoved as _kvasir_v1_KvBlocksRemoved, KvBlocksRemoved__Output as _kvasir_v1_KvBlocksRemoved__Output } from './kvasir/v1/KvBlocksRemoved.js';
import type { KvBlocksStored as _kvasir_v1_KvBlocksStored, KvBlocksStored__Output as _kvasir_v1_KvBlocksStored__Output } from './kvasir/v1/KvBlocksStored.js';
import type { KvCacheCleared as _kvasir_v1_KvCacheCleared, KvCacheCleared__Output as _kvasir_v1_KvCacheCleared__Output } from './kvasir/v1/KvCacheCleared.js';
import type { KvEventsClient as _kvasir_v1_KvEventsClient, KvEventsDefinition as _kvasir_v1_KvEventsDefinition } from './kvasir/v1/KvEvents.js';
import type { KvStreamOpened as _kvasir_v1_KvStreamOpened, KvStreamOpened__Output as _kvasir_v1_KvStreamOpened__Output } from './kvasir/v1/KvStreamOpened.js';
import type { PublishKvEventsRequest as _kvasir_v1_PublishKvEventsRequest, PublishKvEventsRequest__Output as _kvasir_v1_PublishKvEventsRequest__Output } from './kvasir/v1/PublishKvEventsRequest.js';
import type { PublishKvEventsResponse as _kvasir_v1_PublishKvEventsResponse, PublishKvEventsResponse__Output as _kvasir_v1_PublishKvEventsResponse__Output } from './kvasir/v1/PublishKvEventsResponse.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  kvasir: {
    v1: {
      BlockMedia: MessageTypeDefinition<_kvasir_v1_BlockMedia, _kvasir_v1_BlockMedia__Output>
      KvBlocksRemoved: MessageTypeDefinition<_kvasir_v1_KvBlocksRemoved, _kvasir_v1_KvBlocksRemoved__Output>
      KvBlocksStored: MessageTypeDefinition<_kvasir_v1_KvBlocksStored, _kvasir_v1_KvBlocksStored__Output>
      KvCacheCleared: MessageTypeDefinition<_kvasir_v1_KvCacheCleared, _kvasir_v1_KvCacheCleared__Output>
      /**
       * Served by engine agents, for engines that publish their KV events by themselves instead of over ZMQ.
       */
      KvEvents: SubtypeConstructor<typeof grpc.Client, _kvasir_v1_KvEventsClient> & { service: _kvasir_v1_KvEventsDefinition }
      KvStreamOpened: MessageTypeDefinition<_kvasir_v1_KvStreamOpened, _kvasir_v1_KvStreamOpened__Output>
      PublishKvEventsRequest: MessageTypeDefinition<_kvasir_v1_PublishKvEventsRequest, _kvasir_v1_PublishKvEventsRequest__Output>
      PublishKvEventsResponse: MessageTypeDefinition<_kvasir_v1_PublishKvEventsResponse, _kvasir_v1_PublishKvEventsResponse__Output>
    }
  }
}

