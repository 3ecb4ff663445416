import { randomUUID } from 'node:crypto';
import { durableOpener, openPlanes, withPlanes } from '@kvasir/planes';
import { createLogger, runMain, systemClock } from '@kvasir/service';
import { requestId, routerId } from '@kvasir/units';
import { create } from './app.js';
import { frontendConfig } from './config.js';
import { frontendOptions } from './options.js';

await runMain({
  options: frontendOptions,
  version: '0.1.0',
  argv: process.argv.slice(2),
  env: process.env,
  drainMs: ({ drainMs }) => drainMs,
  create: async (values) => {
    const name = 'frontend';
    const logger = createLogger({ name, level: values.logLevel });
    const planes = await openPlanes(values, { clock: systemClock, logger, name });
    const frontend = create(frontendConfig(values), {
      ...planes,
      openDurable: durableOpener(planes, values),
      clock: systemClock,
      logger,
      prng: Math.random,
      routerId: routerId(`${name}-${randomUUID()}`),
      newRequestId: () => requestId(randomUUID()),
    });
    return withPlanes(frontend, planes);
  },
});
