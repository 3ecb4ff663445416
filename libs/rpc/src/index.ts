export { grpcStatuses, RpcError, rpcError, rpcErrors } from './errors.js';
export type { GrpcStatus, RpcErrorCode } from './errors.js';
export type { PublishedKvEvent } from './kv-events-messages.js';
export { addKvEventsService, publishKvEvents } from './kv-events-service.js';
export type { KvEventsCall, KvEventStream } from './kv-events-service.js';
export { createRouterClient } from './router-client.js';
export type { CallOptions, RouterClient } from './router-client.js';
export type {
  BestWorkerIdRequest,
  CostTerm,
  ExplainedPool,
  PoolExplanation,
  PoolHints,
  DumpedChain,
  FindBestWorkerRequest,
  GenerateEvent,
  GenerateRequest,
  OverlapScores,
  PotentialLoad,
  RouteDecision,
  RouterOverrides,
  RouterPrompt,
  RoutingConstraints,
} from './router-messages.js';
export { addRouterService } from './router-service.js';
export type { RouterHandlers } from './router-service.js';
export { REQUEST_ID_LENGTH_MAX } from './router-wire.js';
export { CALLS_PER_CONNECTION_MAX, createRpcServer, MESSAGE_BYTES_MAX } from './rpc-server.js';
export type { RpcServer, RpcService } from './rpc-server.js';
export type { CallSurroundings, MaybePromise } from './serve-call.js';
