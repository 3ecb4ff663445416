import { afterEach, beforeEach, describe } from 'vitest';
import type { PlaneTrouble } from '../event-plane.js';
import { closingContract } from './closing-contract.js';
import { deliveryContract } from './delivery-contract.js';
import type { EventPlaneHarness, PlanesUnderTest } from './harness.js';
import { requestContract } from './request-contract.js';

/** Runs the tests that every `EventPlane` must pass. Call it at the top of a test file. */
export function eventPlaneContract(suiteName: string, makeHarness: () => Promise<EventPlaneHarness>): void {
  describe(suiteName, () => {
    let planes: PlanesUnderTest;
    const get = (): PlanesUnderTest => planes;

    beforeEach(async () => {
      const troubles: PlaneTrouble[] = [];
      const harness = await makeHarness();
      const subscriber = await harness.connect((trouble) => troubles.push(trouble));
      planes = { harness, subscriber, publisher: await harness.connect(), troubles };
    });
    afterEach(() => planes.harness.close());

    deliveryContract(get);
    requestContract(get);
    closingContract(get);
  });
}
