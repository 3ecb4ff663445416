import { openPlanes, withPlanes } from '@kvasir/planes';
import { createLogger, runMain, systemClock } from '@kvasir/service';
import { create } from './app.js';
import { engineAgentConfig } from './config.js';
import { engineAgentOptions } from './options.js';

await runMain({
  options: engineAgentOptions,
  version: '0.1.0',
  argv: process.argv.slice(2),
  env: process.env,
  create: async (values) => {
    const config = engineAgentConfig(values);
    const name = 'engine-agent';
    const logger = createLogger({ name, level: values.logLevel });
    const planes = await openPlanes(values, { clock: systemClock, logger, name });
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
