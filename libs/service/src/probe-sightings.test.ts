import { VirtualClock } from '@kvasir/testkit';
import { describe, expect, it } from 'vitest';
import { ProbeSightings } from './probe-sightings.js';

describe('ProbeSightings', () => {
  it('is watched for a minute after each probe', () => {
    const clock = new VirtualClock();
    const sightings = new ProbeSightings(clock);
    expect(sightings.isWatched).toBe(false);
    sightings.saw();
    clock.advance(60_000);
    expect(sightings.isWatched).toBe(true);
    clock.advance(1);
    expect(sightings.isWatched).toBe(false);
  });
});
