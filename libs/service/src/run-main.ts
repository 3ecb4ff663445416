import { constants } from 'node:os';
import { systemClock } from './clock.js';
import type { Component } from './component.js';
import { ServiceError } from './errors.js';
import { KvasirError } from './kvasir-error.js';
import type { OptionSpecs, OptionTable, OptionValues } from './options.js';
import { readOptions } from './read-options.js';

/** Exit code for a wrong command line or environment (EX_USAGE of sysexits.h). */
export const EXIT_BAD_CONFIGURATION = 64;

/** How long running requests may take to finish after SIGTERM. */
export const DRAIN_MS_DEFAULT = 30_000;

/** How long a program that is to stop says so and serves on, so that balancers and frontends have turned to others. */
export const LAME_DUCK_MS_DEFAULT = 10_000;

/** What a drain may take beyond its deadline before it counts as stuck. */
const DRAIN_GRACE_MS = 2_000;
/** Signals within this time are one wish: npm passes Ctrl-C on to a program that the terminal has told already. */
const SAME_WISH_MS = 500;
const KEEP_ALIVE_PERIOD_MS = 2 ** 30;

/** A program: its options and how to build it from their values. */
export interface Main<Specs extends OptionSpecs, Program extends Component> {
  readonly options: OptionTable<Specs>;
  readonly version: string;
  /** Arguments after the program's name (`process.argv.slice(2)`). */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Builds the program; starts nothing.
   * @throws ServiceError `SERVICE_BAD_CONFIGURATION` when the values cannot work together with what was found: exit code 64.
   */
  create(values: OptionValues<Specs>): Program | Promise<Program>;
  /** Called once it runs, e.g. to print where. */
  started?(program: Program, values: OptionValues<Specs>): void;
  /** Deadline of the drain; `DRAIN_MS_DEFAULT` when absent. */
  drainMs?(values: OptionValues<Specs>): number;
  /** How long it serves on after SIGTERM, saying that it is going, before it drains; 0 when absent. SIGINT and SIGHUP do not wait. */
  lameDuckMs?(values: OptionValues<Specs>): number;
  /** SIGHUP and SIGQUIT stop it as SIGINT does: it has what would be left behind. */
  readonly stopsWithTerminal?: boolean;
}

type StopSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGQUIT';

/**
 * Runs a program until a signal ends it: it leaves (SIGTERM only: for `lameDuckMs`), drains, closes. Exit codes: 0 after a clean stop, `--help`
 * or `--version`; 64 for bad configuration (one sentence per problem on standard error, nothing was opened); 1 when the start failed (one
 * sentence) or a drain abandoned requests; 128 + signal number when a second signal cuts that short.
 */
export async function runMain<Specs extends OptionSpecs, Program extends Component>(
  main: Main<Specs, Program>,
): Promise<never> {
  const reading = readOptions(main.options, main);
  switch (reading.kind) {
    case 'help':
      return exitAfter(process.stdout, reading.text, 0);
    case 'version':
      return exitAfter(process.stdout, `${main.options.program} ${main.version}\n`, 0);
    case 'invalid':
      return exitAfter(process.stderr, `${reading.problems.join('\n')}\n`, EXIT_BAD_CONFIGURATION);
    case 'ok':
      return run(main, reading.values);
  }
}

async function run<Specs extends OptionSpecs, Program extends Component>(
  main: Main<Specs, Program>,
  values: OptionValues<Specs>,
): Promise<never> {
  const stop = new AbortController();
  const stopped = firstSignal(stop, main.stopsWithTerminal === true ? ALL_SIGNALS : SERVICE_SIGNALS);
  // A pending promise or signal handler alone does not keep Node alive; a component may have nothing else open. Ended by process.exit.
  setInterval(() => undefined, KEEP_ALIVE_PERIOD_MS);
  let program: Program;
  try {
    program = await main.create(values);
    await program.start(stop.signal);
  } catch (error) {
    // A stop asked for during the start is not a failed start.
    if (stop.signal.aborted) return exitAfter(process.stderr, '', 0);
    return exitAfter(process.stderr, describeFailure(main.options.program, error), exitCodeOf(error));
  }
  main.started?.(program, values);
  const signal = await stopped;
  const code = await stopComponent(program, {
    // Who presses Ctrl-C is waiting; whoever sends SIGTERM has balancers to think of.
    lameDuckMs: signal === 'SIGTERM' ? (main.lameDuckMs?.(values) ?? 0) : 0,
    drainMs: main.drainMs?.(values) ?? DRAIN_MS_DEFAULT,
  });
  return exitAfter(process.stderr, code.text, code.exitCode);
}

const SERVICE_SIGNALS: readonly StopSignal[] = ['SIGTERM', 'SIGINT'];
const ALL_SIGNALS: readonly StopSignal[] = [...SERVICE_SIGNALS, 'SIGHUP', 'SIGQUIT'];

/** Resolves with the first signal and aborts; a second one ends the process. */
function firstSignal(stop: AbortController, signals: readonly StopSignal[]): Promise<StopSignal> {
  let stoppedAtMs = Infinity;
  return new Promise((resolve) => {
    const onSignal = (signal: StopSignal): void => {
      const nowMs = systemClock.nowMs();
      if (nowMs - stoppedAtMs > SAME_WISH_MS) process.exit(128 + constants.signals[signal]);
      if (stop.signal.aborted) return;
      stoppedAtMs = nowMs;
      stop.abort();
      resolve(signal);
    };
    for (const signal of signals) process.on(signal, onSignal);
  });
}

async function stopComponent(
  component: Component,
  { lameDuckMs, drainMs }: { readonly lameDuckMs: number; readonly drainMs: number },
): Promise<{ readonly exitCode: 0 | 1; readonly text: string }> {
  try {
    await component.leave?.();
    if (lameDuckMs > 0 && (component.isWatched?.() ?? true))
      await new Promise<void>((resolve) => systemClock.after(lameDuckMs, resolve));
    const { abandonedRequests } = await within(drainMs + DRAIN_GRACE_MS, component.drain(drainMs));
    await component.close();
    if (abandonedRequests === 0) return { exitCode: 0, text: '' };
    return {
      exitCode: 1,
      text: `Stopped with ${abandonedRequests} requests unfinished after ${drainMs} ms\n`,
    };
  } catch (error) {
    return { exitCode: 1, text: `Cannot stop ${component.name} cleanly: ${messageOf(error)}\n` };
  }
}

/** One sentence for what has a stable or system code; a bug keeps its stack, for it is no use without. */
function describeFailure(program: string, error: unknown): string {
  if (error instanceof KvasirError) return `${error.message}\n`;
  if (error instanceof Error && 'code' in error) return `Cannot start ${program}: ${error.message}\n`;
  return `Cannot start ${program}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
}

function exitCodeOf(error: unknown): 1 | 64 {
  return error instanceof ServiceError && error.code === 'SERVICE_BAD_CONFIGURATION'
    ? EXIT_BAD_CONFIGURATION
    : 1;
}

/** @throws when the work takes longer: a drain that ignores its deadline must not keep the process for ever. */
function within<Value>(limitMs: number, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`it did not drain within ${limitMs} ms`)), limitMs);
    work.then(resolve, reject);
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Exits once the text is written: a pipe may take it later than this tick. */
function exitAfter(stream: NodeJS.WriteStream, text: string, exitCode: number): Promise<never> {
  return new Promise<never>(() => {
    stream.write(text, () => process.exit(exitCode));
  });
}
