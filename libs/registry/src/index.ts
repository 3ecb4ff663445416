export type { EndpointView, Lease, RegisterOutcome, Registry, RegistryWatch } from './registry.js';
