import { PythonError, str, UnsupportedError } from '@kvasir/python-values';
import type { Appliers, Filter } from './filter.js';
import { sequenceFilters } from './sequence-filters.js';
import { tests } from './tests.js';
import { textFilters } from './text-filters.js';

const filters: ReadonlyMap<string, Filter> = new Map([...textFilters, ...sequenceFilters]);

/** Filters and tests that Jinja has and this library does not. */
const MISSING = new Set([
  'filesizeformat',
  'pprint',
  'random',
  'striptags',
  'urlencode',
  'urlize',
  'xmlattr',
]);

/** Applies filters and tests by name. */
export const appliers: Appliers = {
  filter(name, value, given) {
    const filter = filters.get(name);
    if (filter !== undefined) return filter(value, given, appliers);
    if (MISSING.has(name)) throw new UnsupportedError(`the filter ${name}`);
    throw new PythonError('TemplateAssertionError', `No filter named '${name}'.`);
  },
  test(name, value, given) {
    const test = tests.get(name);
    if (test !== undefined) return test(value, given, appliers);
    if (name === 'filter') return filters.has(str(value)) || MISSING.has(str(value));
    if (name === 'test') return tests.has(str(value));
    throw new PythonError('TemplateAssertionError', `No test named '${name}'.`);
  },
};
