import type { CallArguments, Value } from '@kvasir/python-values';

/** Other filters and tests, for filters that apply them to items. */
export interface Appliers {
  /** @throws PythonError when there is no filter of that name. */
  filter(name: string, value: Value, given: CallArguments): Value;
  /** @throws PythonError when there is no test of that name. */
  test(name: string, value: Value, given: CallArguments): boolean;
}

export type Filter = (value: Value, given: CallArguments, appliers: Appliers) => Value;
export type Test = (value: Value, given: CallArguments, appliers: Appliers) => boolean;
