import { openPlanes, withPlanes } from '@kvasir/planes';
import { createLogger, runMain, systemClock } from '@kvasir/service';
import type { Component } from '@kvasir/service';
import { create } from './app.js';
import { mockEngineConfig } from './config.js';
import { mockEngineOptions } from './options.js';

/** What a process that was killed leaves behind. */
const EXIT_KILLED = 137;

await runMain({
  options: mockEngineOptions,
  version: '0.1.0',
  argv: process.argv.slice(2),
  env: process.env,
  drainMs: ({ drainMs }) => drainMs,
  create: async (values): Promise<Component> => {
    const config = mockEngineConfig(values);
    const name = 'mock-engine';
    const logger = createLogger({ name, level: values.logLevel });
    const planes = values.register ? await openPlanes(values, { clock: systemClock, logger, name }) : null;
    const engine = create(config, {
      planes,
      clock: systemClock,
      epochMs: Date.now,
      logger,
      prng: Math.random,
      crashed: () => process.exit(EXIT_KILLED),
    });
    return planes === null ? engine : withPlanes(engine, planes);
  },
});
