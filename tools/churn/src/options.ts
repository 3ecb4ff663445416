import { defineOptions, logLevels } from '@kvasir/service';
import type { OptionValues } from '@kvasir/service';

/** Options of `npm run churn`. */
export const churnOptions = defineOptions({
  program: 'churn',
  summary:
    "Plays an hour's traffic in minutes against a distributed stack whose workers come and go, and tells whether anything grows.",
  options: {
    requests: {
      kind: 'integer',
      default: 36_000,
      min: 1_000,
      unit: 'requests',
      doc: 'Requests in all; an hour at 10 a second by default.',
    },
    clients: {
      kind: 'integer',
      default: 24,
      min: 1,
      max: 1_024,
      unit: 'clients',
      doc: 'Requests at a time.',
    },
    visitors: {
      kind: 'integer',
      default: 60,
      min: 0,
      max: 1_000,
      unit: 'workers',
      doc: 'Workers that come under a name of their own and go again; half of them are killed.',
    },
    samples: {
      kind: 'integer',
      default: 24,
      min: 8,
      max: 1_000,
      doc: 'How often everything is measured; the second quarter is compared with the last.',
    },
    json: { kind: 'string', default: null, doc: 'File that all samples are written to.' },
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
});

export type ChurnValues = OptionValues<typeof churnOptions.options>;
