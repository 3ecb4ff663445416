export { registryErrors, RegistryError } from './errors.js';
export type { RefusalCode, RegistryErrorCode } from './errors.js';
export type { BadRecord, BadRecordKind } from './bad-records.js';
export { InProcessRegistry, REGISTRY_LIMITS } from './in-process-registry.js';
export type { InProcessRegistryOptions } from './in-process-registry.js';
export type { RegistryLimits } from './in-process-store.js';
export type {
  ClaimOutcome,
  EndpointView,
  Lease,
  LeaseState,
  RecordLease,
  Refusal,
  RegisterOutcome,
  Registry,
  RegistryHealth,
  RegistryWatch,
  UpdateOutcome,
} from './registry.js';
export { connectRedisRegistry, REDIS_REGISTRY_LIMITS, RedisRegistry } from './redis/redis-registry.js';
export { encodeEnvelope, readEnvelope } from './redis/envelope.js';
export type { EnvelopeReading, RecordTrust } from './redis/envelope.js';
export type { ChangeNotices, RedisRegistryLimits, RedisRegistryOptions } from './redis/redis-registry.js';
export type { RedisConnectionOptions } from './redis/redis-connection.js';
export { readWorkersFile } from './file/workers-file.js';
export type { WorkersFileReading } from './file/workers-file.js';
export { FileRegistry } from './file/file-registry.js';
export type { FileRegistryOptions } from './file/file-registry.js';
export { connectRedis } from './redis/redis-connection.js';
export type { RedisClient } from './redis/redis-connection.js';
