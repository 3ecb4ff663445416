export { formatEndpointName, parseEndpointName } from './endpoint-name.js';
export type { HashWords, KvEvent, KvEventBatch } from './kv-events.js';
export type {
  DialectName,
  EndpointName,
  PoolRecord,
  RouterRecord,
  WorkerRecord,
  WorkerRole,
} from './records.js';
export type { ProtoGrpcType as RouterProto } from './generated/router.js';
