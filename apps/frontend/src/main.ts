import { randomUUID } from 'node:crypto';
import { openRouterPlanes, withPlanes } from '@kvasir/planes';
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
  lameDuckMs: ({ lameDuckMs }) => lameDuckMs,
  create: async (values) => {
    const name = 'frontend';
    const logger = createLogger({ name, level: values.logLevel });
    const planes = await openRouterPlanes(values, {
      ...{ clock: systemClock, logger, name },
      ...{ prng: Math.random, epochMs: Date.now },
    });
    const frontend = create(frontendConfig(values), {
      ...planes,
      clock: systemClock,
      logger,
      prng: Math.random,
      routerId: routerId(`${name}-${randomUUID()}`),
      newRequestId: () => requestId(randomUUID()),
    });
    return withPlanes(frontend, planes);
  },
});
