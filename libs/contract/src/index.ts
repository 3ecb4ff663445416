export { formatEndpointName, parseEndpointName } from './endpoint-name.js';
export { compareIncarnations, newIncarnation } from './incarnations.js';
export type { IncarnationOrder } from './incarnations.js';
export { keys } from './keys.js';
export {
  decodeKvEventBatch,
  decodeKvMessage,
  encodeKvAnnouncement,
  encodeKvEventBatch,
  encodeKvEventWords,
} from './kv-batch-codec.js';
export type { KvAnnouncement, KvMessage } from './kv-batch-codec.js';
export { EVENT_BLOCKS_MAX, KvEventWords } from './kv-event-words.js';
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
export type {
  DialectName,
  EndpointName,
  PoolRecord,
  RouterRecord,
  WorkerRecord,
  WorkerRole,
} from './records.js';
export { decodeToken, encodeToken } from './subject-token.js';
export { parseKvEventsSubject, parseKvRecoverySubject, subjects } from './subjects.js';
export type { KvSource } from './subjects.js';
export { WireHeader } from './wire-words.js';
export type { Malformed } from './wire-words.js';
export type { ProtoGrpcType as RouterProto } from './generated/router.js';
