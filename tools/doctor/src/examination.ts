import type { Severity } from '@kvasir/self-check';

/** One thing that was looked at. */
export interface Result {
  /** `ok` is a tick, the others are crosses; `unknown` could not be seen from here. */
  readonly kind: 'ok' | Severity | 'unknown';
  /** Of the check; null for what is none of the table. */
  readonly code: string | null;
  readonly title: string;
  /** What was seen; null when the title says it all. */
  readonly seen: string | null;
  readonly remedy: string | null;
}

/** Everything that was looked at at one address. */
export interface Examination {
  readonly address: string;
  readonly results: readonly Result[];
}

/** 0 when nothing is wrong, 1 with warnings, 2 with errors. */
export function exitCodeOf(examinations: readonly Examination[]): 0 | 1 | 2 {
  const kinds = new Set(examinations.flatMap(({ results }) => results.map(({ kind }) => kind)));
  if (kinds.has('error')) return 2;
  return kinds.has('warning') ? 1 : 0;
}

/** @param remedy what to do when it is not in order. */
export function result(
  kind: Result['kind'],
  title: string,
  seen: string | null,
  remedy: string | null = null,
): Result {
  return { kind, code: null, title, seen, remedy };
}
