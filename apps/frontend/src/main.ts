import { runMain, ServiceError } from '@kvasir/service';
import { frontendOptions } from './options.js';

await runMain({
  options: frontendOptions,
  version: '0.1.0',
  argv: process.argv.slice(2),
  env: process.env,
  create: () => {
    // Workers in other processes cannot be seen without a registry that spans processes.
    throw new ServiceError(
      'SERVICE_BAD_CONFIGURATION',
      'Cannot run the frontend on its own yet: only the in-process registry exists, so start a whole stack with npm start',
    );
  },
});
