export { formatEndpointName, parseEndpointName } from './endpoint-name.js';
export { compareIncarnations, newIncarnation } from './incarnations.js';
export type { IncarnationOrder } from './incarnations.js';
export { decodeEngineLoad, encodeEngineLoad, ENGINE_REQUESTS_MAX } from './engine-load-codec.js';
export type { EngineLoad, EngineLoadReport } from './engine-load-codec.js';
export { IndexSnapshotWriter, readIndexSnapshotChunk } from './index-snapshot-chunks.js';
export type { SourceChain } from './index-snapshot-chunks.js';
export {
  decodeIndexSnapshotManifest,
  encodeIndexSnapshotManifest,
  SNAPSHOT_LIMITS,
  snapshotChecksum,
} from './index-snapshot-manifest.js';
export type { IndexSnapshotManifest, SnapshotSource } from './index-snapshot-manifest.js';
export { keys } from './keys.js';
export {
  decodeKvEventBatch,
  decodeKvMessage,
  encodeKvAnnouncement,
  encodeKvEventBatch,
  encodeKvEventWords,
} from './kv-batch-codec.js';
export type { KvAnnouncement, KvMessage, KvSetDigest } from './kv-batch-codec.js';
export { EVENT_BLOCKS_MAX, EVENTS_MAX, KvEventWords } from './kv-event-words.js';
export type { HashWords, KvEvent, KvEventBatch } from './kv-events.js';
export {
  decodeKvRecoveryChunk,
  decodeKvRecoveryRequest,
  encodeKvRecoveryRequest,
  encodeRecoveryEnd,
  encodeSnapshotChains,
  encodeSnapshotStart,
} from './kv-recovery-codec.js';
export type { KvChain, KvRecoveryChunk, KvRecoveryRequest, KvRecoveryWant } from './kv-recovery-codec.js';
export { MessageSeal, SEAL_BYTES, tagOfSealed, withoutSeal } from './message-seal.js';
export type { SealFault, SealReading } from './message-seal.js';
export { cutPeerLoads, decodePeerLoads, encodePeerLoads, PEER_LOAD_LIMITS } from './peer-load-codec.js';
export type { PeerLoad, PeerLoadMessage } from './peer-load-codec.js';
export { decodePoolReport, encodePoolReport, POOL_REPORT_COUNT_MAX } from './pool-report-codec.js';
export type { PoolLoadReport } from './pool-report-codec.js';
export {
  decodePoolRecord,
  decodeRouterRecord,
  decodeWorkerRecord,
  encodePoolRecord,
  encodeRouterRecord,
  encodeWorkerRecord,
  RECORD_LIMITS,
} from './record-codec.js';
export type { RecordReading } from './record-codec.js';
export type {
  DialectName,
  EndpointName,
  PoolRecord,
  RouterRecord,
  WorkerRecord,
  WorkerRole,
} from './records.js';
export { roleProblem, servedNames } from './records.js';
export { decodeToken, encodeToken } from './subject-token.js';
export { parseKvEventsSubject, parseKvRecoverySubject, subjectKind, subjects } from './subjects.js';
export type { KvSource, SubjectKind } from './subjects.js';
export { WireHeader } from './wire-words.js';
export type { Malformed } from './wire-words.js';
export type { ProtoGrpcType as RouterProto } from './generated/router.js';
export type {
  DumpEventsResponse as DumpEventsResponseInput,
  DumpEventsResponse__Output as DumpEventsResponseOutput,
} from './generated/kvasir/v1/DumpEventsResponse.js';
export type { GenerateRequest as GenerateRequestInput } from './generated/kvasir/v1/GenerateRequest.js';
export type {
  GenerateResponse as GenerateResponseInput,
  GenerateResponse__Output as GenerateResponseOutput,
} from './generated/kvasir/v1/GenerateResponse.js';
export type { GetOverlapScoresResponse__Output as OverlapScoresOutput } from './generated/kvasir/v1/GetOverlapScoresResponse.js';
export type { GetPotentialLoadsResponse__Output as PotentialLoadsOutput } from './generated/kvasir/v1/GetPotentialLoadsResponse.js';
export type { Prompt as PromptInput, Prompt__Output as PromptOutput } from './generated/kvasir/v1/Prompt.js';
export type {
  RouteDecision as RouteDecisionInput,
  RouteDecision__Output as RouteDecisionOutput,
} from './generated/kvasir/v1/RouteDecision.js';
export type { RouterHandlers as RouterWireHandlers } from './generated/kvasir/v1/Router.js';
export type {
  RouterOverrides as RouterOverridesInput,
  RouterOverrides__Output as RouterOverridesOutput,
} from './generated/kvasir/v1/RouterOverrides.js';
export type {
  RoutingConstraints as RoutingConstraintsInput,
  RoutingConstraints__Output as RoutingConstraintsOutput,
} from './generated/kvasir/v1/RoutingConstraints.js';
export type { ProtoGrpcType as EventsProto } from './generated/events.js';
export type { KvEventsHandlers as KvEventsWireHandlers } from './generated/kvasir/v1/KvEvents.js';
export type {
  PublishKvEventsRequest as PublishKvEventsInput,
  PublishKvEventsRequest__Output as PublishKvEventsOutput,
} from './generated/kvasir/v1/PublishKvEventsRequest.js';
export type {
  ExplainPoolResponse as ExplainPoolInput,
  ExplainPoolResponse__Output as ExplainPoolOutput,
} from './generated/kvasir/v1/ExplainPoolResponse.js';
export type {
  PoolHints as PoolHintsInput,
  PoolHints__Output as PoolHintsOutput,
} from './generated/kvasir/v1/PoolHints.js';
