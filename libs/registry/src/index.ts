export { REGISTRY_ERRORS, RegistryError } from './errors.js';
export type { RefusalCode, RegistryErrorCode } from './errors.js';
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
