import { openPlanes, withPlanes } from '@kvasir/planes';
import { createLogger, runMain, systemClock } from '@kvasir/service';
import { create } from './app.js';
import { engineAgentConfig } from './config.js';
import { engineAgentOptions } from './options.js';

/** How long after its lease a record can still be read. */
const LAPSED_MS_MAX = 60_000;

await runMain({
  options: engineAgentOptions,
  version: '0.1.0',
  argv: process.argv.slice(2),
  env: process.env,
  create: async (values) => {
    const config = engineAgentConfig(values);
    const name = 'engine-agent';
    const logger = createLogger({ name, level: values.logLevel });
    const planes = await openPlanes(values, {
      ...{ clock: systemClock, logger, name },
      // A life whose lease has lapsed is taken over all the same: routers may have kept it.
      lapsed: { stillAnswers: () => true, lapsedKeepMs: LAPSED_MS_MAX },
    });
    const agent = create(config, {
      ...planes,
      clock: systemClock,
      epochMs: Date.now,
      logger,
      prng: Math.random,
    });
    process.on('SIGHUP', () => void agent.reload());
    return withPlanes(agent, planes);
  },
});
