import { createWriteStream, writeFileSync } from 'node:fs';
import { readOptions } from '@kvasir/service';
import { allCells, faultMeanings } from './cells.js';
import { formatHead, formatResult } from './format-results.js';
import { runFaults } from './fault-run.js';
import { faultsOptions } from './options.js';
import type { FaultsValues } from './options.js';
import { CELL_TIMES } from './run-cell.js';
import { problemsOf } from './tally.js';
import type { CellResult } from './tally.js';

const EXIT_BAD_CONFIGURATION = 64;
const EXIT_INTERRUPTED = 130;

const reading = readOptions(faultsOptions, { argv: process.argv.slice(2), env: process.env });
switch (reading.kind) {
  case 'help':
    process.stdout.write(reading.text);
    break;
  case 'version':
    process.stdout.write('faults 0.1.0\n');
    break;
  case 'invalid':
    process.stderr.write(`${reading.problems.join('\n')}\n`);
    process.exitCode = EXIT_BAD_CONFIGURATION;
    break;
  case 'ok':
    process.exitCode = await main(reading.values);
}

/** @returns 0 when every cell holds. */
async function main(values: FaultsValues): Promise<number> {
  const { subjects, kinds, clients, logLevel } = values;
  const cells = allCells().filter(
    ({ subject, kind }) =>
      (subjects.length === 0 || subjects.includes(subject)) && (kinds.length === 0 || kinds.includes(kind)),
  );
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  process.once('SIGTERM', () => interrupted.abort());
  const log = values.logFile === null ? null : createWriteStream(values.logFile);
  const results: CellResult[] = [];
  for (const [kind, meaning] of Object.entries(faultMeanings)) process.stdout.write(`${kind}: ${meaning}\n`);
  process.stdout.write(`\n${formatHead()}\n`);
  await runFaults({
    cells,
    clients,
    logLevel,
    times: CELL_TIMES,
    signal: interrupted.signal,
    tell: (line) => void log?.write(`${line}\n`),
    done: (result) => {
      results.push(result);
      process.stdout.write(`${formatResult(result)}\n`);
    },
  });
  log?.end();
  if (values.json !== null) writeFileSync(values.json, `${JSON.stringify(results.map(plain), null, 2)}\n`);
  const failed = results.filter((result) => problemsOf(result).length > 0).length;
  const answered = results.reduce((sum, { tally }) => sum + tally.right, 0);
  process.stdout.write(`\n${results.length} cells, ${answered} right answers, ${failed} cells do not hold\n`);
  if (interrupted.signal.aborted) return EXIT_INTERRUPTED;
  return failed === 0 ? 0 : 1;
}

function plain(result: CellResult): object {
  const { reasons, ...counts } = result.tally;
  return {
    ...result,
    tally: { ...counts, reasons: Object.fromEntries(reasons) },
    problems: problemsOf(result),
  };
}
