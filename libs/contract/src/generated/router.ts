import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { BestWorkerIdRequest as _kvasir_v1_BestWorkerIdRequest, BestWorkerIdRequest__Output as _kvasir_v1_BestWorkerIdRequest__Output } from './kvasir/v1/BestWorkerIdRequest.js';
import type { CostTerm as _kvasir_v1_CostTerm, CostTerm__Output as _kvasir_v1_CostTerm__Output } from './kvasir/v1/CostTerm.js';
import type { DumpEventsRequest as _kvasir_v1_DumpEventsRequest, DumpEventsRequest__Output as _kvasir_v1_DumpEventsRequest__Output } from './kvasir/v1/DumpEventsRequest.js';
import type { DumpEventsResponse as _kvasir_v1_DumpEventsResponse, DumpEventsResponse__Output as _kvasir_v1_DumpEventsResponse__Output } from './kvasir/v1/DumpEventsResponse.js';
import type { ExplainPoolResponse as _kvasir_v1_ExplainPoolResponse, ExplainPoolResponse__Output as _kvasir_v1_ExplainPoolResponse__Output } from './kvasir/v1/ExplainPoolResponse.js';
import type { ExplainedPool as _kvasir_v1_ExplainedPool, ExplainedPool__Output as _kvasir_v1_ExplainedPool__Output } from './kvasir/v1/ExplainedPool.js';
import type { FindBestWorkerRequest as _kvasir_v1_FindBestWorkerRequest, FindBestWorkerRequest__Output as _kvasir_v1_FindBestWorkerRequest__Output } from './kvasir/v1/FindBestWorkerRequest.js';
import type { FreeRequest as _kvasir_v1_FreeRequest, FreeRequest__Output as _kvasir_v1_FreeRequest__Output } from './kvasir/v1/FreeRequest.js';
import type { FreeResponse as _kvasir_v1_FreeResponse, FreeResponse__Output as _kvasir_v1_FreeResponse__Output } from './kvasir/v1/FreeResponse.js';
import type { GenerateRequest as _kvasir_v1_GenerateRequest, GenerateRequest__Output as _kvasir_v1_GenerateRequest__Output } from './kvasir/v1/GenerateRequest.js';
import type { GenerateResponse as _kvasir_v1_GenerateResponse, GenerateResponse__Output as _kvasir_v1_GenerateResponse__Output } from './kvasir/v1/GenerateResponse.js';
import type { GetOverlapScoresRequest as _kvasir_v1_GetOverlapScoresRequest, GetOverlapScoresRequest__Output as _kvasir_v1_GetOverlapScoresRequest__Output } from './kvasir/v1/GetOverlapScoresRequest.js';
import type { GetOverlapScoresResponse as _kvasir_v1_GetOverlapScoresResponse, GetOverlapScoresResponse__Output as _kvasir_v1_GetOverlapScoresResponse__Output } from './kvasir/v1/GetOverlapScoresResponse.js';
import type { GetPotentialLoadsRequest as _kvasir_v1_GetPotentialLoadsRequest, GetPotentialLoadsRequest__Output as _kvasir_v1_GetPotentialLoadsRequest__Output } from './kvasir/v1/GetPotentialLoadsRequest.js';
import type { GetPotentialLoadsResponse as _kvasir_v1_GetPotentialLoadsResponse, GetPotentialLoadsResponse__Output as _kvasir_v1_GetPotentialLoadsResponse__Output } from './kvasir/v1/GetPotentialLoadsResponse.js';
import type { MarkPrefillCompleteRequest as _kvasir_v1_MarkPrefillCompleteRequest, MarkPrefillCompleteRequest__Output as _kvasir_v1_MarkPrefillCompleteRequest__Output } from './kvasir/v1/MarkPrefillCompleteRequest.js';
import type { MarkPrefillCompleteResponse as _kvasir_v1_MarkPrefillCompleteResponse, MarkPrefillCompleteResponse__Output as _kvasir_v1_MarkPrefillCompleteResponse__Output } from './kvasir/v1/MarkPrefillCompleteResponse.js';
import type { MediaItem as _kvasir_v1_MediaItem, MediaItem__Output as _kvasir_v1_MediaItem__Output } from './kvasir/v1/MediaItem.js';
import type { OverlapScore as _kvasir_v1_OverlapScore, OverlapScore__Output as _kvasir_v1_OverlapScore__Output } from './kvasir/v1/OverlapScore.js';
import type { PoolHints as _kvasir_v1_PoolHints, PoolHints__Output as _kvasir_v1_PoolHints__Output } from './kvasir/v1/PoolHints.js';
import type { PotentialLoad as _kvasir_v1_PotentialLoad, PotentialLoad__Output as _kvasir_v1_PotentialLoad__Output } from './kvasir/v1/PotentialLoad.js';
import type { Prompt as _kvasir_v1_Prompt, Prompt__Output as _kvasir_v1_Prompt__Output } from './kvasir/v1/Prompt.js';
import type { RouteDecision as _kvasir_v1_RouteDecision, RouteDecision__Output as _kvasir_v1_RouteDecision__Output } from './kvasir/v1/RouteDecision.js';
import type { RouterClient as _kvasir_v1_RouterClient, RouterDefinition as _kvasir_v1_RouterDefinition } from './kvasir/v1/Router.js';
import type { RouterOverrides as _kvasir_v1_RouterOverrides, RouterOverrides__Output as _kvasir_v1_RouterOverrides__Output } from './kvasir/v1/RouterOverrides.js';
import type { RoutingConstraints as _kvasir_v1_RoutingConstraints, RoutingConstraints__Output as _kvasir_v1_RoutingConstraints__Output } from './kvasir/v1/RoutingConstraints.js';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  kvasir: {
    v1: {
      BestWorkerIdRequest: MessageTypeDefinition<_kvasir_v1_BestWorkerIdRequest, _kvasir_v1_BestWorkerIdRequest__Output>
      CostTerm: MessageTypeDefinition<_kvasir_v1_CostTerm, _kvasir_v1_CostTerm__Output>
      DumpEventsRequest: MessageTypeDefinition<_kvasir_v1_DumpEventsRequest, _kvasir_v1_DumpEventsRequest__Output>
      DumpEventsResponse: MessageTypeDefinition<_kvasir_v1_DumpEventsResponse, _kvasir_v1_DumpEventsResponse__Output>
      ExplainPoolResponse: MessageTypeDefinition<_kvasir_v1_ExplainPoolResponse, _kvasir_v1_ExplainPoolResponse__Output>
      ExplainedPool: MessageTypeDefinition<_kvasir_v1_ExplainedPool, _kvasir_v1_ExplainedPool__Output>
      FindBestWorkerRequest: MessageTypeDefinition<_kvasir_v1_FindBestWorkerRequest, _kvasir_v1_FindBestWorkerRequest__Output>
      FreeRequest: MessageTypeDefinition<_kvasir_v1_FreeRequest, _kvasir_v1_FreeRequest__Output>
      FreeResponse: MessageTypeDefinition<_kvasir_v1_FreeResponse, _kvasir_v1_FreeResponse__Output>
      GenerateRequest: MessageTypeDefinition<_kvasir_v1_GenerateRequest, _kvasir_v1_GenerateRequest__Output>
      GenerateResponse: MessageTypeDefinition<_kvasir_v1_GenerateResponse, _kvasir_v1_GenerateResponse__Output>
      GetOverlapScoresRequest: MessageTypeDefinition<_kvasir_v1_GetOverlapScoresRequest, _kvasir_v1_GetOverlapScoresRequest__Output>
      GetOverlapScoresResponse: MessageTypeDefinition<_kvasir_v1_GetOverlapScoresResponse, _kvasir_v1_GetOverlapScoresResponse__Output>
      GetPotentialLoadsRequest: MessageTypeDefinition<_kvasir_v1_GetPotentialLoadsRequest, _kvasir_v1_GetPotentialLoadsRequest__Output>
      GetPotentialLoadsResponse: MessageTypeDefinition<_kvasir_v1_GetPotentialLoadsResponse, _kvasir_v1_GetPotentialLoadsResponse__Output>
      MarkPrefillCompleteRequest: MessageTypeDefinition<_kvasir_v1_MarkPrefillCompleteRequest, _kvasir_v1_MarkPrefillCompleteRequest__Output>
      MarkPrefillCompleteResponse: MessageTypeDefinition<_kvasir_v1_MarkPrefillCompleteResponse, _kvasir_v1_MarkPrefillCompleteResponse__Output>
      MediaItem: MessageTypeDefinition<_kvasir_v1_MediaItem, _kvasir_v1_MediaItem__Output>
      OverlapScore: MessageTypeDefinition<_kvasir_v1_OverlapScore, _kvasir_v1_OverlapScore__Output>
      PoolHints: MessageTypeDefinition<_kvasir_v1_PoolHints, _kvasir_v1_PoolHints__Output>
      PotentialLoad: MessageTypeDefinition<_kvasir_v1_PotentialLoad, _kvasir_v1_PotentialLoad__Output>
      Prompt: MessageTypeDefinition<_kvasir_v1_Prompt, _kvasir_v1_Prompt__Output>
      RouteDecision: MessageTypeDefinition<_kvasir_v1_RouteDecision, _kvasir_v1_RouteDecision__Output>
      /**
       * Chooses the worker for a request: the one that holds most of the prompt's KV cache and has the least work waiting.
       * `prefill-router` serves it for one pool, `global-router` for many; a frontend needs no other code for either.
       * 
       * Every call names the prompt by its token ids, so that caller and router agree on block hashes without sharing a tokenizer.
       */
      Router: SubtypeConstructor<typeof grpc.Client, _kvasir_v1_RouterClient> & { service: _kvasir_v1_RouterDefinition }
      RouterOverrides: MessageTypeDefinition<_kvasir_v1_RouterOverrides, _kvasir_v1_RouterOverrides__Output>
      RoutingConstraints: MessageTypeDefinition<_kvasir_v1_RoutingConstraints, _kvasir_v1_RoutingConstraints__Output>
    }
  }
}

