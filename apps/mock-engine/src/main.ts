import { runMain, ServiceError } from '@kvasir/service';
import { mockEngineOptions } from './options.js';

await runMain({
  options: mockEngineOptions,
  version: '0.1.0',
  argv: process.argv.slice(2),
  env: process.env,
  create: () => {
    // Routers in other processes cannot see the engine without a registry that spans processes.
    throw new ServiceError(
      'SERVICE_BAD_CONFIGURATION',
      'Cannot run the mock engine on its own yet: only the in-process registry exists, so start a whole stack with npm start',
    );
  },
});
