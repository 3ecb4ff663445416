import { randomUUID } from 'node:crypto';
import { openPlanes, withPlanes } from '@kvasir/planes';
import { createLogger, processMetrics, runMain, systemClock } from '@kvasir/service';
import { routerId } from '@kvasir/units';
import { create } from './app.js';
import { checkFile } from './check-file.js';
import { globalRouterConfig } from './config.js';
import { globalRouterOptions } from './options.js';

const argv = process.argv.slice(2);
if (argv[0] === 'check') {
  const { text, exitCode } = checkFile(argv[1]);
  (exitCode === 0 ? process.stdout : process.stderr).write(text);
  process.exitCode = exitCode;
} else {
  await runMain({
    options: globalRouterOptions,
    version: '0.1.0',
    argv,
    env: process.env,
    drainMs: ({ drainMs }) => drainMs,
    lameDuckMs: ({ lameDuckMs }) => lameDuckMs,
    create: async (values) => {
      const name = 'global-router';
      const config = globalRouterConfig(values);
      const logger = createLogger({ name, level: values.logLevel });
      const planes = await openPlanes(values, { clock: systemClock, logger, name });
      const router = create(config, {
        ...planes,
        clock: systemClock,
        epochMs: Date.now,
        logger,
        prng: Math.random,
        routerId: routerId(`${name}-${randomUUID()}`),
        otherMetrics: [...planes.otherMetrics, processMetrics(name)],
      });
      return withPlanes(router, planes);
    },
  });
}
