import { randomUUID } from 'node:crypto';
import { createLogger, runMain, systemClock } from '@kvasir/service';
import { DistributedStack } from './distributed-stack.js';
import { stackOptions } from './options.js';
import type { RunningStack } from './stack-summary.js';
import { Stack } from './stack.js';
import { formatReady } from './table.js';

/** What a stack that nobody uses needs to stop; requests get longer only when somebody still reads them. */
const DRAIN_MS = 10_000;

await runMain({
  options: stackOptions,
  version: '0.1.0',
  argv: process.argv.slice(2),
  env: process.env,
  drainMs: () => DRAIN_MS,
  stopsWithTerminal: true,
  create: (values): RunningStack =>
    values.distributed
      ? new DistributedStack(values, {
          clock: systemClock,
          tell: (line) => process.stderr.write(`${line}\n`),
        })
      : new Stack(values, {
          clock: systemClock,
          epochMs: Date.now,
          loggerOf: (name) => createLogger({ name, level: values.logLevel }),
          prng: Math.random,
          newId: randomUUID,
        }),
  started: (stack, { readyJson, loraNames }) => {
    const { url, model } = stack.summary();
    process.stdout.write(
      readyJson
        ? `${JSON.stringify(stack.summary())}\n`
        : formatReady({ url, model, loraNames, parts: stack.parts() }),
    );
  },
});
