import { randomUUID } from 'node:crypto';
import { createLogger, readOptions, systemClock } from '@kvasir/service';
import { expect } from 'vitest';
import { stackOptions } from '../src/options.js';
import type { StackValues } from '../src/options.js';
import { DistributedStack } from '../src/distributed-stack.js';
import { Stack } from '../src/stack.js';
import type { StackContext } from '../src/stack.js';

/** A stack of this process on free ports. */
export interface RunningStack {
  readonly url: string;
  readonly stack: Stack;
  stop(): Promise<void>;
}

/** What `npm start` takes when nothing is said, but silent and on a free port. */
export function stackDefaults(): StackValues {
  const defaults = readOptions(stackOptions, {
    argv: ['--http-port', '0', '--log-level', 'silent'],
    env: {},
  });
  if (defaults.kind !== 'ok') throw new TypeError('Cannot start a stack: its defaults do not parse');
  return defaults.values;
}

function ownContext(): StackContext {
  return {
    clock: systemClock,
    epochMs: Date.now,
    loggerOf: (name) => createLogger({ name, level: 'silent' }),
    prng: Math.random,
    newId: randomUUID,
  };
}

/** A stack of this process, or of many; not started. */
export type AnyStack = Stack | DistributedStack;

/** Both forms of a stack, to be tested alike. */
export function bothForms(
  values: () => Partial<StackValues>,
): readonly (readonly [form: string, create: () => AnyStack])[] {
  const all = (): StackValues => ({ ...stackDefaults(), ...values() });
  return [
    ['in one process', (): AnyStack => new Stack(all(), ownContext())],
    [
      'in many processes',
      (): AnyStack =>
        new DistributedStack(
          { ...all(), distributed: true, logLevel: 'warn' },
          { clock: systemClock, tell: () => undefined },
        ),
    ],
  ];
}

/** Starts a stack with these defaults but for what is given, and waits until it is ready. */
export async function startStack(values: Partial<StackValues>): Promise<RunningStack> {
  const stack = new Stack({ ...stackDefaults(), ...values }, ownContext());
  await stack.start(new AbortController().signal);
  return {
    url: stack.summary().url,
    stack,
    async stop() {
      await stack.drain(5_000);
      await stack.close();
    },
  };
}

/** Sends a completion and reads what the engine found cached, beside what the router had predicted. */
export async function askCached(
  url: string,
  fields: object,
): Promise<{ readonly cached: number; readonly overlapBlocks: number }> {
  const response = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'kvasir-mock', max_tokens: 2, ...fields }),
  });
  const body = (await response.json()) as { usage: { prompt_tokens_details: { cached_tokens: number } } };
  expect(response.status).toBe(200);
  return {
    cached: body.usage.prompt_tokens_details.cached_tokens,
    overlapBlocks: Number(response.headers.get('x-kvasir-overlap-blocks')),
  };
}

/** The sum over all label sets of one metric, as `/metrics` tells it; NaN when it is not there. */
export async function metricSum(metricsUrl: string, name: string): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  const values = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  return values.length === 0 ? NaN : values.reduce((sum, value) => sum + value, 0);
}
