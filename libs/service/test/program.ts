import { createAdminServer, createMetrics, defineOptions, runMain, ServiceError } from '../src/index.js';
import type { Component } from '../src/index.js';

const options = defineOptions({
  program: 'mock-engine',
  summary: 'A program for tests: an admin server whose drain can be told to misbehave.',
  options: {
    port: { kind: 'integer', default: 0, min: 0, max: 65_535, doc: 'Port.' },
    behaviour: {
      kind: 'choice',
      choices: ['good', 'contradicts', 'buggy', 'slow-start', 'never-drains', 'abandons', 'fails-to-close'],
      default: 'good',
      doc: 'What goes wrong.',
    },
    drainMs: { kind: 'integer', default: 1_000, min: 0, unit: 'ms', doc: 'Drain deadline.' },
    lameDuckMs: {
      kind: 'integer',
      default: 0,
      min: 0,
      unit: 'ms',
      doc: 'Time between leaving and draining.',
    },
    isWatched: { kind: 'boolean', default: true, doc: 'Somebody looks at its readiness.' },
    stopsWithTerminal: { kind: 'boolean', default: false, doc: 'SIGHUP and SIGQUIT stop it.' },
  },
});

const say = (word: string): void => void process.stdout.write(`${word}\n`);

await runMain({
  stopsWithTerminal: process.argv.includes('--stops-with-terminal'),
  options,
  version: '1.2.3',
  argv: process.argv.slice(2),
  env: process.env,
  create({ port, behaviour, isWatched }): Component {
    if (behaviour === 'contradicts')
      throw new ServiceError('SERVICE_BAD_CONFIGURATION', 'The tokenizer at ./x does not exist');
    if (behaviour === 'buggy') throw new TypeError('Cannot read what is not there');
    const admin = createAdminServer({
      name: 'admin',
      host: '127.0.0.1',
      port,
      metrics: createMetrics('test'),
      readiness: () => ({ kind: 'ready' }),
    });
    return {
      name: 'test program',
      async start(signal) {
        if (behaviour === 'slow-start') {
          say('starting');
          await new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(new Error('stopped')));
          });
        }
        await admin.start(signal);
      },
      leave: () => say('leaving'),
      isWatched: () => isWatched,
      drain(deadlineMs) {
        say(`draining ${deadlineMs}`);
        if (behaviour === 'never-drains') return new Promise(() => undefined);
        return Promise.resolve({ abandonedRequests: behaviour === 'abandons' ? 3 : 0 });
      },
      async close() {
        await admin.close();
        if (behaviour === 'fails-to-close') throw new Error('socket stuck');
        say('closed');
      },
    };
  },
  started: () => say('started'),
  drainMs: (values) => values.drainMs,
  lameDuckMs: (values) => values.lameDuckMs,
});
