import { incarnation, type Incarnation, type Prng } from '@kvasir/units';

const SORTABLE = /^([0-9a-f]{12})-[0-9a-f]{8}$/;

/**
 * Names a new life of a worker's process: 12 hex digits of the wall clock, then 8 random ones, e.g. `0193c1d2e3f4-9a8b7c6d`.
 * Because it begins with its birth, of two lives of one worker the later one is known without asking anybody (`compareIncarnations`).
 * @param epochMs milliseconds since 1970 by the wall clock.
 */
export function newIncarnation(epochMs: number, prng: Prng): Incarnation {
  if (!Number.isFinite(epochMs) || epochMs < 0 || epochMs >= 2 ** 48)
    throw new RangeError(
      `Cannot name an incarnation: epochMs must be from 0 below 2^48, received ${epochMs}`,
    );
  const born = Math.floor(epochMs).toString(16).padStart(12, '0');
  const salt = Math.floor(prng() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
  return incarnation(`${born}-${salt}`);
}

/** How one incarnation relates to another of the same worker. */
export type IncarnationOrder = 'same' | 'older' | 'newer' | 'unordered';

/** Says what `one` is to `other`. Names of another form, and two born in the same millisecond, are `unordered`: then who came last wins. */
export function compareIncarnations(one: Incarnation, other: Incarnation): IncarnationOrder {
  if (one === other) return 'same';
  const oneBorn = SORTABLE.exec(one)?.[1];
  const otherBorn = SORTABLE.exec(other)?.[1];
  if (oneBorn === undefined || otherBorn === undefined || oneBorn === otherBorn) return 'unordered';
  return oneBorn < otherBorn ? 'older' : 'newer';
}
