import { readOptions } from '@kvasir/service';
import type { FuzzOutcome } from './fuzz-loop.js';
import { keepInput, keptInputs } from './kept-inputs.js';
import { fuzzOptions } from './options.js';
import type { FuzzValues } from './options.js';
import { runFuzz } from './run-fuzz.js';
import { targets } from './targets/index.js';

const EXIT_USAGE = 64;
const WORKER = new URL('./children/fuzz-worker.js', import.meta.url);

/** `npm run fuzz`: each decoder in turn, a table, and 1 when one failed. */
function main(): Promise<number> | number {
  const reading = readOptions(fuzzOptions, { argv: process.argv.slice(2), env: process.env });
  switch (reading.kind) {
    case 'help':
      process.stdout.write(reading.text);
      return 0;
    case 'version':
      process.stdout.write('fuzz 0.1.0\n');
      return 0;
    case 'invalid':
      process.stderr.write(`${reading.problems.join('\n')}\n`);
      return EXIT_USAGE;
    case 'ok':
      return fuzzAll(reading.values);
  }
}

async function fuzzAll({ seconds, only, seed }: FuzzValues): Promise<number> {
  const names = targets.map(({ name }) => name);
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    process.stderr.write(`Cannot fuzz ${unknown.join(', ')}: the decoders are ${names.join(', ')}\n`);
    return EXIT_USAGE;
  }
  const chosen = only.length === 0 ? names : names.filter((name) => only.includes(name));
  let failures = 0;
  process.stdout.write(`${row('decoder', 'inputs', 'inputs/s', 'slowest ms', 'failures')}\n`);
  for (const targetName of chosen) {
    const kept = keptInputs(targetName);
    const outcome = await runFuzz(WORKER, {
      targetName,
      seed,
      kept,
      budgetMs: (seconds * 1_000) / chosen.length,
    });
    failures += outcome.failures.length;
    tell(outcome);
  }
  process.stdout.write(`${failures === 0 ? 'No failure' : `${failures} failures`}; seed ${seed}\n`);
  return failures === 0 ? 0 : 1;
}

function tell({ target, inputs, elapsedMs, slowestMs, failures }: FuzzOutcome): void {
  const perSecond = Math.round((1_000 * inputs) / Math.max(1, elapsedMs));
  process.stdout.write(`${row(target, inputs, perSecond, Math.ceil(slowestMs), failures.length)}\n`);
  for (const { input, reason } of failures)
    process.stdout.write(`  ${input.length === 0 ? '' : `seeds/${keepInput(target, input)}: `}${reason}\n`);
}

function row(...cells: readonly (string | number)[]): string {
  return cells
    .map((cell, column) => (column === 0 ? String(cell).padEnd(20) : String(cell).padStart(11)))
    .join(' ');
}

process.exitCode = await main();
