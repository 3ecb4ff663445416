import { createWriteStream, writeFileSync } from 'node:fs';
import { readOptions } from '@kvasir/service';
import { runChurn } from './churn-run.js';
import type { ChurnOutcome } from './churn-run.js';
import { growthOf } from './growth.js';
import type { Growth } from './growth.js';
import { churnOptions } from './options.js';
import type { ChurnValues } from './options.js';

const EXIT_BAD_CONFIGURATION = 64;

const reading = readOptions(churnOptions, { argv: process.argv.slice(2), env: process.env });
switch (reading.kind) {
  case 'help':
    process.stdout.write(reading.text);
    break;
  case 'version':
    process.stdout.write('churn 0.1.0\n');
    break;
  case 'invalid':
    process.stderr.write(`${reading.problems.join('\n')}\n`);
    process.exitCode = EXIT_BAD_CONFIGURATION;
    break;
  case 'ok':
    process.exitCode = await main(reading.values);
}

/** @returns 0 when nothing grows and nearly all were answered. */
async function main(values: ChurnValues): Promise<number> {
  const log = values.logFile === null ? null : createWriteStream(values.logFile);
  const outcome = await runChurn(
    values,
    (line) => void log?.write(`${line}\n`),
    ({ asked, failed }) => process.stderr.write(`${asked} of ${values.requests} asked, ${failed} failed\n`),
  );
  log?.end();
  if (values.json !== null) writeFileSync(values.json, json(outcome));
  const growths = growthOf(outcome.samples);
  process.stdout.write(format(outcome, growths));
  return growths.every(({ isFlat }) => isFlat) ? 0 : 1;
}

function format({ counts, visitors, seconds }: ChurnOutcome, growths: readonly Growth[]): string {
  const { asked, answered, left, failed } = counts;
  const row = (cells: readonly string[]): string =>
    `${(cells[0] ?? '').padEnd(18)}${(cells[1] ?? '').padEnd(9)}${cells
      .slice(2)
      .map((cell) => cell.padStart(10))
      .join('')}`;
  return [
    `${asked} requests in ${seconds.toFixed(0)} s: ${answered} answered, ${left} left, ${failed} failed; ${visitors} workers came and went`,
    '',
    row(['', '', '2nd qu.', 'last qu.', '']),
    ...growths.map(({ who, measure, before, after, isFlat }) =>
      row([who, measure, before.toFixed(1), after.toFixed(1), isFlat ? 'flat' : 'GROWS']),
    ),
    '',
  ].join('\n');
}

function json({ counts, visitors, samples, seconds }: ChurnOutcome): string {
  const plain = samples.map((sample) => Object.fromEntries(sample));
  return `${JSON.stringify({ counts, visitors, seconds, samples: plain }, null, 2)}\n`;
}
