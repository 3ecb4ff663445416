import type { OptionSpecs, OptionValues } from '@kvasir/service';
import { HEALTH_OPTIONS_DEFAULT } from '@kvasir/worker-health';
import type { HealthOptions } from '@kvasir/worker-health';

/** What every program that judges workers is told of it; to be spread into its option table. */
export const healthOptions = {
  setAsideShareMax: {
    kind: 'number',
    default: HEALTH_OPTIONS_DEFAULT.setAsideShareMax,
    min: 0,
    max: 1,
    doc: 'Part of a pool that is set aside for faults at most, rounded down; beyond it the least bad workers serve on. A pool of one always serves.',
    group: 'Routing',
  },
} as const satisfies OptionSpecs;

/** How workers are judged, as the values ask for. */
export function healthOf({ setAsideShareMax }: OptionValues<typeof healthOptions>): HealthOptions {
  return { ...HEALTH_OPTIONS_DEFAULT, setAsideShareMax };
}
