import type { PoolSettings } from '@kvasir/pool-policy';
import { ServiceError } from '@kvasir/service';
import type { OptionValues } from '@kvasir/service';
import type { globalRouterOptions } from './options.js';
import { readSettingsFile, withDefaultTargets } from './settings-file.js';

type Values = OptionValues<typeof globalRouterOptions.options>;

/** What a global router is built from. */
export interface GlobalRouterConfig {
  readonly settings: PoolSettings;
  /** Read again when it changes; null for settings that come from elsewhere. */
  readonly settingsPath: string | null;
  readonly warnings: readonly string[];
  readonly targets: { readonly ttftMs: number | null; readonly itlMs: number | null };
  readonly namespace: string;
  readonly poolTimeoutMs: number;
  readonly grpc: { readonly host: string; readonly port: number; readonly advertisedHost: string | null };
  readonly admin: { readonly host: string; readonly port: number };
}

/** Turns checked option values into groups. @throws ServiceError `SERVICE_BAD_CONFIGURATION` with every problem of the file. */
export function globalRouterConfig(values: Values): GlobalRouterConfig {
  const path = values.config ?? '';
  const reading = readSettingsFile(path);
  if (reading.kind === 'invalid')
    throw new ServiceError(
      'SERVICE_BAD_CONFIGURATION',
      reading.problems.map((problem) => `${path}: ${problem}`).join('\n'),
    );
  const targets = { ttftMs: values.defaultTtftTarget, itlMs: values.defaultItlTarget };
  return {
    settings: withDefaultTargets(reading.settings, targets),
    settingsPath: path,
    warnings: reading.warnings,
    targets,
    namespace: values.namespace,
    poolTimeoutMs: values.poolTimeoutMs,
    grpc: { host: values.grpcHost, port: values.grpcPort, advertisedHost: values.grpcAdvertisedHost },
    admin: { host: values.adminHost, port: values.adminPort },
  };
}
