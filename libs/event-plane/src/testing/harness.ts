import type { EventPlane, PlaneTrouble } from '../event-plane.js';

/** One implementation, set up for one test. */
export interface EventPlaneHarness {
  /** A plane connected to the others of this harness; planes in one process may be one object. Trouble is reported as the plane's option says. */
  connect(onTrouble?: (trouble: PlaneTrouble) => void): Promise<EventPlane>;
  /** Lets that much of the planes' time pass. */
  advance(durationMs: number): Promise<void>;
  close(): Promise<void>;
}

/** What each test works with: two connected planes, and what the subscriber's reported. */
export interface PlanesUnderTest {
  readonly harness: EventPlaneHarness;
  readonly publisher: EventPlane;
  readonly subscriber: EventPlane;
  readonly troubles: readonly PlaneTrouble[];
}
