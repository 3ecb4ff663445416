import { afterEach, beforeEach, describe } from 'vitest';
import { fencingContract } from './fencing-contract.js';
import type { RegistriesUnderTest, RegistryHarness } from './harness.js';
import { leaseContract } from './lease-contract.js';
import { poolContract } from './pool-contract.js';
import { watchContract } from './watch-contract.js';

/** Runs the tests that every `Registry` must pass. Call it at the top of a test file. */
export function registryContract(suiteName: string, makeHarness: () => Promise<RegistryHarness>): void {
  describe(suiteName, () => {
    let registries: RegistriesUnderTest;
    const get = (): RegistriesUnderTest => registries;

    beforeEach(async () => {
      const harness = await makeHarness();
      registries = { harness, owner: await harness.connect(), consumer: await harness.connect() };
    });
    afterEach(() => registries.harness.close());

    leaseContract(get);
    fencingContract(get);
    poolContract(get);
    watchContract(get);
  });
}
