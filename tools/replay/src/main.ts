import { closeSync, openSync, writeFileSync } from 'node:fs';
import { readOptions, systemClock } from '@kvasir/service';
import { formatSummaries } from './format-summaries.js';
import { loadTrace } from './load-trace.js';
import { replayOptions } from './options.js';
import type { ReplayValues } from './options.js';
import type { PlayProgress } from './play-trace.js';
import { ProgressLine } from './progress-line.js';
import { replayRun } from './replay-run.js';
import type { RunSummary } from './run-summary.js';
import type { TraceRequest } from './trace.js';

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

/** Plays what the options ask for and reports it, also what there is when it is cut short. @returns the exit code. */
async function replay(values: ReplayValues): Promise<number> {
  const trace = loadTrace(values);
  const problem = trace.kind === 'invalid' ? trace.problem : whyNotWritable(values.json);
  if (trace.kind === 'invalid' || problem !== null) {
    process.stderr.write(`${problem}\n`);
    return EXIT_BAD_CONFIGURATION;
  }
  const interrupted = new AbortController();
  process.on('SIGINT', () => interrupted.abort());
  process.on('SIGTERM', () => interrupted.abort());
  const { summaries, failure } = await playModes(trace.requests, values, interrupted.signal);
  report(summaries, values);
  if (failure !== null) {
    process.stderr.write(`${failure}\n`);
    return 1;
  }
  if (interrupted.signal.aborted) return EXIT_INTERRUPTED;
  return summaries.some(({ errors }) => errors > 0) ? 1 : 0;
}

interface PlayedModes {
  readonly summaries: readonly RunSummary[];
  /** Why the modes that are missing could not be played. */
  readonly failure: string | null;
}

/** Plays the trace in every mode in turn, until one fails or it is interrupted. */
async function playModes(
  requests: readonly TraceRequest[],
  values: ReplayValues,
  signal: AbortSignal,
): Promise<PlayedModes> {
  const summaries: RunSummary[] = [];
  for (const mode of values.compare.length === 0 ? [values.mode] : values.compare) {
    if (signal.aborted) break;
    const title = values.url === null ? mode : 'running stack';
    const line = new ProgressLine(process.stderr, title, requests.length);
    const progressed = (progress: PlayProgress): void => line.show(progress, systemClock.nowMs());
    try {
      const context = { title, signal, progressed, nowMs: () => systemClock.nowMs() };
      summaries.push(await replayRun(requests, { ...values, mode: mode as ReplayValues['mode'] }, context));
    } catch (error) {
      return { summaries, failure: error instanceof Error ? error.message : String(error) };
    }
  }
  return { summaries, failure: null };
}

function report(summaries: readonly RunSummary[], values: ReplayValues): void {
  const { json, speedup } = values;
  if (summaries.some(({ requests }) => requests > 0))
    process.stdout.write(
      `\n${formatSummaries(summaries)}\n\nTimes are engine time: real time × ${speedup}.\n`,
    );
  if (json === null) return;
  const figures = { version: VERSION, settings: values, runs: summaries };
  writeFileSync(json, `${JSON.stringify(figures, null, 2)}\n`);
}

/** Found out before the run, not after. @returns null when the file can be written or none is wanted. */
function whyNotWritable(path: string | null): string | null {
  if (path === null) return null;
  try {
    closeSync(openSync(path, 'a'));
    return null;
  } catch (error) {
    return `Cannot write the figures: ${error instanceof Error ? error.message : String(error)}`;
  }
}
