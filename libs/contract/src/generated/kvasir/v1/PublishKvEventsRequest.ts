// Original file: proto/kvasir/v1/events.proto

import type { KvStreamOpened as _kvasir_v1_KvStreamOpened, KvStreamOpened__Output as _kvasir_v1_KvStreamOpened__Output } from '../../kvasir/v1/KvStreamOpened.js';
import type { KvBlocksStored as _kvasir_v1_KvBlocksStored, KvBlocksStored__Output as _kvasir_v1_KvBlocksStored__Output } from '../../kvasir/v1/KvBlocksStored.js';
import type { KvBlocksRemoved as _kvasir_v1_KvBlocksRemoved, KvBlocksRemoved__Output as _kvasir_v1_KvBlocksRemoved__Output } from '../../kvasir/v1/KvBlocksRemoved.js';
import type { KvCacheCleared as _kvasir_v1_KvCacheCleared, KvCacheCleared__Output as _kvasir_v1_KvCacheCleared__Output } from '../../kvasir/v1/KvCacheCleared.js';

export interface PublishKvEventsRequest {
  'opened'?: (_kvasir_v1_KvStreamOpened | null);
  'stored'?: (_kvasir_v1_KvBlocksStored | null);
  'removed'?: (_kvasir_v1_KvBlocksRemoved | null);
  'cleared'?: (_kvasir_v1_KvCacheCleared | null);
  'message'?: "opened"|"stored"|"removed"|"cleared";
}

export interface PublishKvEventsRequest__Output {
  'opened'?: (_kvasir_v1_KvStreamOpened__Output | null);
  'stored'?: (_kvasir_v1_KvBlocksStored__Output | null);
  'removed'?: (_kvasir_v1_KvBlocksRemoved__Output | null);
  'cleared'?: (_kvasir_v1_KvCacheCleared__Output | null);
  'message'?: "opened"|"stored"|"removed"|"cleared";
}
