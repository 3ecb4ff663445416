import { defineOptions, logLevels } from '@kvasir/service';
import type { OptionValues } from '@kvasir/service';
import { faultKinds, subjects } from './cells.js';

/** Options of `npm run faults`. */
export const faultsOptions = defineOptions({
  program: 'faults',
  summary:
    'Kills, stops and restarts the processes of a distributed stack under load, and tells what clients saw.',
  options: {
    subjects: {
      kind: 'strings',
      default: [],
      doc: `Whom it is done to; everybody by default: ${subjects.join(', ')}.`,
    },
    kinds: {
      kind: 'strings',
      default: [],
      doc: `What is done; everything by default: ${faultKinds.join(', ')}.`,
    },
    clients: {
      kind: 'integer',
      default: 8,
      min: 1,
      max: 256,
      unit: 'clients',
      doc: 'Conversations at a time.',
    },
    json: { kind: 'string', default: null, doc: 'File that the figures are written to.' },
    logFile: {
      kind: 'string',
      default: null,
      doc: 'File that the log lines of all services are written to.',
    },
    logLevel: {
      kind: 'choice',
      choices: logLevels,
      default: 'warn',
      doc: 'Least severe lines that are logged.',
    },
  },
  check: (values) => [
    ...unknown('--subjects', values.subjects, subjects),
    ...unknown('--kinds', values.kinds, faultKinds),
  ],
});

export type FaultsValues = OptionValues<typeof faultsOptions.options>;

function unknown(flag: string, given: readonly string[], known: readonly string[]): readonly string[] {
  return given
    .filter((name) => !known.includes(name))
    .map((name) => `${flag} does not know ${JSON.stringify(name)}: it takes ${known.join(', ')}`);
}
