import { writeFileSync } from 'node:fs';
import { readOptions, systemClock } from '@kvasir/service';
import { formatSummaries } from './format-summaries.js';
import { loadTrace } from './load-trace.js';
import { replayOptions } from './options.js';
import type { ReplayValues } from './options.js';
import { ProgressLine } from './progress-line.js';
import { replayRun } from './replay-run.js';
import type { RunSummary } from './run-summary.js';

const VERSION = '0.1.0';
const EXIT_BAD_CONFIGURATION = 64;
const EXIT_INTERRUPTED = 130;

const reading = readOptions(replayOptions, { argv: process.argv.slice(2), env: process.env });
switch (reading.kind) {
  case 'help':
    process.stdout.write(reading.text);
    break;
  case 'version':
    process.stdout.write(`replay ${VERSION}\n`);
    break;
  case 'invalid':
    process.stderr.write(`${reading.problems.join('\n')}\n`);
    process.exitCode = EXIT_BAD_CONFIGURATION;
    break;
  case 'ok':
    process.exitCode = await replay(reading.values);
}

/** Plays every mode in turn and prints the table, also of what there is when it is interrupted. @returns the exit code. */
async function replay(values: ReplayValues): Promise<number> {
  const trace = loadTrace(values);
  if (trace.kind === 'invalid') {
    process.stderr.write(`${trace.problem}\n`);
    return EXIT_BAD_CONFIGURATION;
  }
  const interrupted = new AbortController();
  process.on('SIGINT', () => interrupted.abort());
  process.on('SIGTERM', () => interrupted.abort());
  const summaries: RunSummary[] = [];
  const { requests } = trace;
  for (const mode of values.compare.length === 0 ? [values.mode] : values.compare) {
    if (interrupted.signal.aborted) break;
    const line = new ProgressLine(process.stderr, mode, requests.length);
    try {
      const summary = await replayRun(
        requests,
        { ...values, mode: mode as ReplayValues['mode'] },
        {
          nowMs: () => systemClock.nowMs(),
          signal: interrupted.signal,
          progressed: (progress) => line.show(progress, systemClock.nowMs()),
        },
      );
      summaries.push(summary);
    } catch (error) {
      process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
      return 1;
    }
  }
  process.stdout.write(
    `\n${formatSummaries(summaries)}\n\nTimes are engine time: real time × ${values.speedup}.\n`,
  );
  if (values.json !== null)
    writeFileSync(
      values.json,
      `${JSON.stringify({ version: VERSION, settings: values, runs: summaries }, null, 2)}\n`,
    );
  if (interrupted.signal.aborted) return EXIT_INTERRUPTED;
  return summaries.some(({ errors }) => errors > 0) ? 1 : 0;
}
