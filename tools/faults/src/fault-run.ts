import { DistributedStack, stackOptions } from '@kvasir/stack';
import type { StackValues } from '@kvasir/stack';
import { readOptions, systemClock } from '@kvasir/service';
import { Balancer } from './balancer.js';
import type { Cell } from './cells.js';
import { rightAnswers } from './right-answers.js';
import { runCell } from './run-cell.js';
import type { CellTimes } from './run-cell.js';
import type { CellResult } from './tally.js';

/** No answer takes longer, whatever happens. */
const CLIENT_TIMEOUT_MS = 60_000;
/** A balancer with usual settings; it gives a silent frontend up before that counts as hung. */
const BALANCER = { probeMs: 5_000, probeTimeoutMs: 2_000, silenceMs: 9_000 };

export interface FaultRun {
  readonly cells: readonly Cell[];
  readonly clients: number;
  readonly times: CellTimes;
  readonly logLevel: StackValues['logLevel'];
  /** Gets every line that the services log. */
  readonly tell: (line: string) => void;
  /** Gets each result as it comes. */
  readonly done: (result: CellResult) => void;
  readonly signal: AbortSignal;
}

/** Starts a distributed stack with two of each kind behind a balancer and does all the faults to it, one after the other. */
export async function runFaults(run: FaultRun): Promise<void> {
  const stack = new DistributedStack(stackValues(run.logLevel), {
    clock: systemClock,
    tell: run.tell,
    frontendArgs: FRONTEND_ARGS,
  });
  await stack.start(run.signal);
  const { frontendUrls, model, engines } = stack.summary();
  const balancer = new Balancer({ ...BALANCER, urls: frontendUrls });
  await balancer.start();
  try {
    const client = { model, timeoutMs: CLIENT_TIMEOUT_MS, nowMs: () => performance.now() };
    const engine = engines.find(({ role }) => role === 'decode');
    const answers = await rightAnswers(engine?.url ?? '', { ...client, clients: run.clients });
    for (const cell of run.cells) {
      if (run.signal.aborted) return;
      const traffic = { ...client, url: balancer.url, clients: run.clients, answers };
      run.done(await runCell(stack, cell, { traffic, times: run.times }));
    }
  } finally {
    await balancer.close();
    await stack.close();
  }
}

/** Silence is noticed within seconds here, so that a hung engine is told from a slow one within a cell. */
const FRONTEND_ARGS: readonly string[] = [];

function stackValues(logLevel: StackValues['logLevel']): StackValues {
  const reading = readOptions(stackOptions, {
    argv: ['--distributed', '--http-port', '0', '--engine-agents', '2', '--log-level', logLevel],
    env: {},
  });
  if (reading.kind !== 'ok') throw new TypeError('Cannot start a stack: its options do not parse');
  return reading.values;
}
