// Original file: proto/kvasir/v1/router.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { BestWorkerIdRequest as _kvasir_v1_BestWorkerIdRequest, BestWorkerIdRequest__Output as _kvasir_v1_BestWorkerIdRequest__Output } from '../../kvasir/v1/BestWorkerIdRequest.js';
import type { DumpEventsRequest as _kvasir_v1_DumpEventsRequest, DumpEventsRequest__Output as _kvasir_v1_DumpEventsRequest__Output } from '../../kvasir/v1/DumpEventsRequest.js';
import type { DumpEventsResponse as _kvasir_v1_DumpEventsResponse, DumpEventsResponse__Output as _kvasir_v1_DumpEventsResponse__Output } from '../../kvasir/v1/DumpEventsResponse.js';
import type { ExplainPoolResponse as _kvasir_v1_ExplainPoolResponse, ExplainPoolResponse__Output as _kvasir_v1_ExplainPoolResponse__Output } from '../../kvasir/v1/ExplainPoolResponse.js';
import type { FindBestWorkerRequest as _kvasir_v1_FindBestWorkerRequest, FindBestWorkerRequest__Output as _kvasir_v1_FindBestWorkerRequest__Output } from '../../kvasir/v1/FindBestWorkerRequest.js';
import type { FreeRequest as _kvasir_v1_FreeRequest, FreeRequest__Output as _kvasir_v1_FreeRequest__Output } from '../../kvasir/v1/FreeRequest.js';
import type { FreeResponse as _kvasir_v1_FreeResponse, FreeResponse__Output as _kvasir_v1_FreeResponse__Output } from '../../kvasir/v1/FreeResponse.js';
import type { GenerateRequest as _kvasir_v1_GenerateRequest, GenerateRequest__Output as _kvasir_v1_GenerateRequest__Output } from '../../kvasir/v1/GenerateRequest.js';
import type { GenerateResponse as _kvasir_v1_GenerateResponse, GenerateResponse__Output as _kvasir_v1_GenerateResponse__Output } from '../../kvasir/v1/GenerateResponse.js';
import type { GetOverlapScoresRequest as _kvasir_v1_GetOverlapScoresRequest, GetOverlapScoresRequest__Output as _kvasir_v1_GetOverlapScoresRequest__Output } from '../../kvasir/v1/GetOverlapScoresRequest.js';
import type { GetOverlapScoresResponse as _kvasir_v1_GetOverlapScoresResponse, GetOverlapScoresResponse__Output as _kvasir_v1_GetOverlapScoresResponse__Output } from '../../kvasir/v1/GetOverlapScoresResponse.js';
import type { GetPotentialLoadsRequest as _kvasir_v1_GetPotentialLoadsRequest, GetPotentialLoadsRequest__Output as _kvasir_v1_GetPotentialLoadsRequest__Output } from '../../kvasir/v1/GetPotentialLoadsRequest.js';
import type { GetPotentialLoadsResponse as _kvasir_v1_GetPotentialLoadsResponse, GetPotentialLoadsResponse__Output as _kvasir_v1_GetPotentialLoadsResponse__Output } from '../../kvasir/v1/GetPotentialLoadsResponse.js';
import type { MarkPrefillCompleteRequest as _kvasir_v1_MarkPrefillCompleteRequest, MarkPrefillCompleteRequest__Output as _kvasir_v1_MarkPrefillCompleteRequest__Output } from '../../kvasir/v1/MarkPrefillCompleteRequest.js';
import type { MarkPrefillCompleteResponse as _kvasir_v1_MarkPrefillCompleteResponse, MarkPrefillCompleteResponse__Output as _kvasir_v1_MarkPrefillCompleteResponse__Output } from '../../kvasir/v1/MarkPrefillCompleteResponse.js';
import type { RouteDecision as _kvasir_v1_RouteDecision, RouteDecision__Output as _kvasir_v1_RouteDecision__Output } from '../../kvasir/v1/RouteDecision.js';

/**
 * Chooses the worker for a request: the one that holds most of the prompt's KV cache and has the least work waiting.
 * `prefill-router` serves it for one pool, `global-router` for many; a frontend needs no other code for either.
 * 
 * Every call names the prompt by its token ids, so that caller and router agree on block hashes without sharing a tokenizer.
 */
export interface RouterClient extends grpc.Client {
  /**
   * Answers which worker would be chosen now. Books nothing and changes nothing.
   */
  BestWorkerId(argument: _kvasir_v1_BestWorkerIdRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_RouteDecision__Output>): grpc.ClientUnaryCall;
  BestWorkerId(argument: _kvasir_v1_BestWorkerIdRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvasir_v1_RouteDecision__Output>): grpc.ClientUnaryCall;
  BestWorkerId(argument: _kvasir_v1_BestWorkerIdRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_RouteDecision__Output>): grpc.ClientUnaryCall;
  BestWorkerId(argument: _kvasir_v1_BestWorkerIdRequest, callback: grpc.requestCallback<_kvasir_v1_RouteDecision__Output>): grpc.ClientUnaryCall;
  /**
   * Answers which worker would be chosen now. Books nothing and changes nothing.
   */
  bestWorkerId(argument: _kvasir_v1_BestWorkerIdRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_RouteDecision__Output>): grpc.ClientUnaryCall;
  bestWorkerId(argument: _kvasir_v1_BestWorkerIdRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvasir_v1_RouteDecision__Output>): grpc.ClientUnaryCall;
  bestWorkerId(argument: _kvasir_v1_BestWorkerIdRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_RouteDecision__Output>): grpc.ClientUnaryCall;
  bestWorkerId(argument: _kvasir_v1_BestWorkerIdRequest, callback: grpc.requestCallback<_kvasir_v1_RouteDecision__Output>): grpc.ClientUnaryCall;
  
  /**
   * Dumps the index as stored-events that rebuild it when applied in order.
   */
  DumpEvents(argument: _kvasir_v1_DumpEventsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_kvasir_v1_DumpEventsResponse__Output>;
  DumpEvents(argument: _kvasir_v1_DumpEventsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_kvasir_v1_DumpEventsResponse__Output>;
  /**
   * Dumps the index as stored-events that rebuild it when applied in order.
   */
  dumpEvents(argument: _kvasir_v1_DumpEventsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_kvasir_v1_DumpEventsResponse__Output>;
  dumpEvents(argument: _kvasir_v1_DumpEventsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_kvasir_v1_DumpEventsResponse__Output>;
  
  /**
   * Which pool a request would go to and why; books nothing. A router of one pool answers UNIMPLEMENTED.
   */
  ExplainPool(argument: _kvasir_v1_BestWorkerIdRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_ExplainPoolResponse__Output>): grpc.ClientUnaryCall;
  ExplainPool(argument: _kvasir_v1_BestWorkerIdRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvasir_v1_ExplainPoolResponse__Output>): grpc.ClientUnaryCall;
  ExplainPool(argument: _kvasir_v1_BestWorkerIdRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_ExplainPoolResponse__Output>): grpc.ClientUnaryCall;
  ExplainPool(argument: _kvasir_v1_BestWorkerIdRequest, callback: grpc.requestCallback<_kvasir_v1_ExplainPoolResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Which pool a request would go to and why; books nothing. A router of one pool answers UNIMPLEMENTED.
   */
  explainPool(argument: _kvasir_v1_BestWorkerIdRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_ExplainPoolResponse__Output>): grpc.ClientUnaryCall;
  explainPool(argument: _kvasir_v1_BestWorkerIdRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvasir_v1_ExplainPoolResponse__Output>): grpc.ClientUnaryCall;
  explainPool(argument: _kvasir_v1_BestWorkerIdRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_ExplainPoolResponse__Output>): grpc.ClientUnaryCall;
  explainPool(argument: _kvasir_v1_BestWorkerIdRequest, callback: grpc.requestCallback<_kvasir_v1_ExplainPoolResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Chooses a worker and books the request on it in one step; may wait for one where the router has a queue, until the call ends or Free. The caller owes MarkPrefillComplete and Free for the same request_id.
   */
  FindBestWorker(argument: _kvasir_v1_FindBestWorkerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_RouteDecision__Output>): grpc.ClientUnaryCall;
  FindBestWorker(argument: _kvasir_v1_FindBestWorkerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvasir_v1_RouteDecision__Output>): grpc.ClientUnaryCall;
  FindBestWorker(argument: _kvasir_v1_FindBestWorkerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_RouteDecision__Output>): grpc.ClientUnaryCall;
  FindBestWorker(argument: _kvasir_v1_FindBestWorkerRequest, callback: grpc.requestCallback<_kvasir_v1_RouteDecision__Output>): grpc.ClientUnaryCall;
  /**
   * Chooses a worker and books the request on it in one step; may wait for one where the router has a queue, until the call ends or Free. The caller owes MarkPrefillComplete and Free for the same request_id.
   */
  findBestWorker(argument: _kvasir_v1_FindBestWorkerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_RouteDecision__Output>): grpc.ClientUnaryCall;
  findBestWorker(argument: _kvasir_v1_FindBestWorkerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvasir_v1_RouteDecision__Output>): grpc.ClientUnaryCall;
  findBestWorker(argument: _kvasir_v1_FindBestWorkerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_RouteDecision__Output>): grpc.ClientUnaryCall;
  findBestWorker(argument: _kvasir_v1_FindBestWorkerRequest, callback: grpc.requestCallback<_kvasir_v1_RouteDecision__Output>): grpc.ClientUnaryCall;
  
  /**
   * Releases the booking of a request. Implies MarkPrefillComplete. Idempotent: an unknown request answers released = false.
   */
  Free(argument: _kvasir_v1_FreeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_FreeResponse__Output>): grpc.ClientUnaryCall;
  Free(argument: _kvasir_v1_FreeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvasir_v1_FreeResponse__Output>): grpc.ClientUnaryCall;
  Free(argument: _kvasir_v1_FreeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_FreeResponse__Output>): grpc.ClientUnaryCall;
  Free(argument: _kvasir_v1_FreeRequest, callback: grpc.requestCallback<_kvasir_v1_FreeResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Releases the booking of a request. Implies MarkPrefillComplete. Idempotent: an unknown request answers released = false.
   */
  free(argument: _kvasir_v1_FreeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_FreeResponse__Output>): grpc.ClientUnaryCall;
  free(argument: _kvasir_v1_FreeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvasir_v1_FreeResponse__Output>): grpc.ClientUnaryCall;
  free(argument: _kvasir_v1_FreeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_FreeResponse__Output>): grpc.ClientUnaryCall;
  free(argument: _kvasir_v1_FreeRequest, callback: grpc.requestCallback<_kvasir_v1_FreeResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Routes, books, sends the request to the chosen engine and streams its answer back. Cancelling the call cancels the engine request.
   */
  Generate(argument: _kvasir_v1_GenerateRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_kvasir_v1_GenerateResponse__Output>;
  Generate(argument: _kvasir_v1_GenerateRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_kvasir_v1_GenerateResponse__Output>;
  /**
   * Routes, books, sends the request to the chosen engine and streams its answer back. Cancelling the call cancels the engine request.
   */
  generate(argument: _kvasir_v1_GenerateRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_kvasir_v1_GenerateResponse__Output>;
  generate(argument: _kvasir_v1_GenerateRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_kvasir_v1_GenerateResponse__Output>;
  
  /**
   * How many leading blocks of the prompt each target holds.
   */
  GetOverlapScores(argument: _kvasir_v1_GetOverlapScoresRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_GetOverlapScoresResponse__Output>): grpc.ClientUnaryCall;
  GetOverlapScores(argument: _kvasir_v1_GetOverlapScoresRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvasir_v1_GetOverlapScoresResponse__Output>): grpc.ClientUnaryCall;
  GetOverlapScores(argument: _kvasir_v1_GetOverlapScoresRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_GetOverlapScoresResponse__Output>): grpc.ClientUnaryCall;
  GetOverlapScores(argument: _kvasir_v1_GetOverlapScoresRequest, callback: grpc.requestCallback<_kvasir_v1_GetOverlapScoresResponse__Output>): grpc.ClientUnaryCall;
  /**
   * How many leading blocks of the prompt each target holds.
   */
  getOverlapScores(argument: _kvasir_v1_GetOverlapScoresRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_GetOverlapScoresResponse__Output>): grpc.ClientUnaryCall;
  getOverlapScores(argument: _kvasir_v1_GetOverlapScoresRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvasir_v1_GetOverlapScoresResponse__Output>): grpc.ClientUnaryCall;
  getOverlapScores(argument: _kvasir_v1_GetOverlapScoresRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_GetOverlapScoresResponse__Output>): grpc.ClientUnaryCall;
  getOverlapScores(argument: _kvasir_v1_GetOverlapScoresRequest, callback: grpc.requestCallback<_kvasir_v1_GetOverlapScoresResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * What each target's load would be if it took this prompt.
   */
  GetPotentialLoads(argument: _kvasir_v1_GetPotentialLoadsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_GetPotentialLoadsResponse__Output>): grpc.ClientUnaryCall;
  GetPotentialLoads(argument: _kvasir_v1_GetPotentialLoadsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvasir_v1_GetPotentialLoadsResponse__Output>): grpc.ClientUnaryCall;
  GetPotentialLoads(argument: _kvasir_v1_GetPotentialLoadsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_GetPotentialLoadsResponse__Output>): grpc.ClientUnaryCall;
  GetPotentialLoads(argument: _kvasir_v1_GetPotentialLoadsRequest, callback: grpc.requestCallback<_kvasir_v1_GetPotentialLoadsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * What each target's load would be if it took this prompt.
   */
  getPotentialLoads(argument: _kvasir_v1_GetPotentialLoadsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_GetPotentialLoadsResponse__Output>): grpc.ClientUnaryCall;
  getPotentialLoads(argument: _kvasir_v1_GetPotentialLoadsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvasir_v1_GetPotentialLoadsResponse__Output>): grpc.ClientUnaryCall;
  getPotentialLoads(argument: _kvasir_v1_GetPotentialLoadsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_GetPotentialLoadsResponse__Output>): grpc.ClientUnaryCall;
  getPotentialLoads(argument: _kvasir_v1_GetPotentialLoadsRequest, callback: grpc.requestCallback<_kvasir_v1_GetPotentialLoadsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Says that the prompt of a booked request is computed: its prefill tokens no longer count as waiting work. Idempotent.
   */
  MarkPrefillComplete(argument: _kvasir_v1_MarkPrefillCompleteRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_MarkPrefillCompleteResponse__Output>): grpc.ClientUnaryCall;
  MarkPrefillComplete(argument: _kvasir_v1_MarkPrefillCompleteRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvasir_v1_MarkPrefillCompleteResponse__Output>): grpc.ClientUnaryCall;
  MarkPrefillComplete(argument: _kvasir_v1_MarkPrefillCompleteRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_MarkPrefillCompleteResponse__Output>): grpc.ClientUnaryCall;
  MarkPrefillComplete(argument: _kvasir_v1_MarkPrefillCompleteRequest, callback: grpc.requestCallback<_kvasir_v1_MarkPrefillCompleteResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Says that the prompt of a booked request is computed: its prefill tokens no longer count as waiting work. Idempotent.
   */
  markPrefillComplete(argument: _kvasir_v1_MarkPrefillCompleteRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_MarkPrefillCompleteResponse__Output>): grpc.ClientUnaryCall;
  markPrefillComplete(argument: _kvasir_v1_MarkPrefillCompleteRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_kvasir_v1_MarkPrefillCompleteResponse__Output>): grpc.ClientUnaryCall;
  markPrefillComplete(argument: _kvasir_v1_MarkPrefillCompleteRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_kvasir_v1_MarkPrefillCompleteResponse__Output>): grpc.ClientUnaryCall;
  markPrefillComplete(argument: _kvasir_v1_MarkPrefillCompleteRequest, callback: grpc.requestCallback<_kvasir_v1_MarkPrefillCompleteResponse__Output>): grpc.ClientUnaryCall;
  
}

/**
 * Chooses the worker for a request: the one that holds most of the prompt's KV cache and has the least work waiting.
 * `prefill-router` serves it for one pool, `global-router` for many; a frontend needs no other code for either.
 * 
 * Every call names the prompt by its token ids, so that caller and router agree on block hashes without sharing a tokenizer.
 */
export interface RouterHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Answers which worker would be chosen now. Books nothing and changes nothing.
   */
  BestWorkerId: grpc.handleUnaryCall<_kvasir_v1_BestWorkerIdRequest__Output, _kvasir_v1_RouteDecision>;
  
  /**
   * Dumps the index as stored-events that rebuild it when applied in order.
   */
  DumpEvents: grpc.handleServerStreamingCall<_kvasir_v1_DumpEventsRequest__Output, _kvasir_v1_DumpEventsResponse>;
  
  /**
   * Which pool a request would go to and why; books nothing. A router of one pool answers UNIMPLEMENTED.
   */
  ExplainPool: grpc.handleUnaryCall<_kvasir_v1_BestWorkerIdRequest__Output, _kvasir_v1_ExplainPoolResponse>;
  
  /**
   * Chooses a worker and books the request on it in one step; may wait for one where the router has a queue, until the call ends or Free. The caller owes MarkPrefillComplete and Free for the same request_id.
   */
  FindBestWorker: grpc.handleUnaryCall<_kvasir_v1_FindBestWorkerRequest__Output, _kvasir_v1_RouteDecision>;
  
  /**
   * Releases the booking of a request. Implies MarkPrefillComplete. Idempotent: an unknown request answers released = false.
   */
  Free: grpc.handleUnaryCall<_kvasir_v1_FreeRequest__Output, _kvasir_v1_FreeResponse>;
  
  /**
   * Routes, books, sends the request to the chosen engine and streams its answer back. Cancelling the call cancels the engine request.
   */
  Generate: grpc.handleServerStreamingCall<_kvasir_v1_GenerateRequest__Output, _kvasir_v1_GenerateResponse>;
  
  /**
   * How many leading blocks of the prompt each target holds.
   */
  GetOverlapScores: grpc.handleUnaryCall<_kvasir_v1_GetOverlapScoresRequest__Output, _kvasir_v1_GetOverlapScoresResponse>;
  
  /**
   * What each target's load would be if it took this prompt.
   */
  GetPotentialLoads: grpc.handleUnaryCall<_kvasir_v1_GetPotentialLoadsRequest__Output, _kvasir_v1_GetPotentialLoadsResponse>;
  
  /**
   * Says that the prompt of a booked request is computed: its prefill tokens no longer count as waiting work. Idempotent.
   */
  MarkPrefillComplete: grpc.handleUnaryCall<_kvasir_v1_MarkPrefillCompleteRequest__Output, _kvasir_v1_MarkPrefillCompleteResponse>;
  
}

export interface RouterDefinition extends grpc.ServiceDefinition {
  BestWorkerId: MethodDefinition<_kvasir_v1_BestWorkerIdRequest, _kvasir_v1_RouteDecision, _kvasir_v1_BestWorkerIdRequest__Output, _kvasir_v1_RouteDecision__Output>
  DumpEvents: MethodDefinition<_kvasir_v1_DumpEventsRequest, _kvasir_v1_DumpEventsResponse, _kvasir_v1_DumpEventsRequest__Output, _kvasir_v1_DumpEventsResponse__Output>
  ExplainPool: MethodDefinition<_kvasir_v1_BestWorkerIdRequest, _kvasir_v1_ExplainPoolResponse, _kvasir_v1_BestWorkerIdRequest__Output, _kvasir_v1_ExplainPoolResponse__Output>
  FindBestWorker: MethodDefinition<_kvasir_v1_FindBestWorkerRequest, _kvasir_v1_RouteDecision, _kvasir_v1_FindBestWorkerRequest__Output, _kvasir_v1_RouteDecision__Output>
  Free: MethodDefinition<_kvasir_v1_FreeRequest, _kvasir_v1_FreeResponse, _kvasir_v1_FreeRequest__Output, _kvasir_v1_FreeResponse__Output>
  Generate: MethodDefinition<_kvasir_v1_GenerateRequest, _kvasir_v1_GenerateResponse, _kvasir_v1_GenerateRequest__Output, _kvasir_v1_GenerateResponse__Output>
  GetOverlapScores: MethodDefinition<_kvasir_v1_GetOverlapScoresRequest, _kvasir_v1_GetOverlapScoresResponse, _kvasir_v1_GetOverlapScoresRequest__Output, _kvasir_v1_GetOverlapScoresResponse__Output>
  GetPotentialLoads: MethodDefinition<_kvasir_v1_GetPotentialLoadsRequest, _kvasir_v1_GetPotentialLoadsResponse, _kvasir_v1_GetPotentialLoadsRequest__Output, _kvasir_v1_GetPotentialLoadsResponse__Output>
  MarkPrefillComplete: MethodDefinition<_kvasir_v1_MarkPrefillCompleteRequest, _kvasir_v1_MarkPrefillCompleteResponse, _kvasir_v1_MarkPrefillCompleteRequest__Output, _kvasir_v1_MarkPrefillCompleteResponse__Output>
}
