export type { RegistryHarness } from './harness.js';
export { registryContract } from './registry-contract.js';
