import { readEnginesFile, readEngineSettings } from '@kvasir/engine-watch';
import type { EnginesReading } from '@kvasir/engine-watch';
import { ServiceError } from '@kvasir/service';
import type { OptionValues } from '@kvasir/service';
import type { EngineAgentConfig } from './app.js';
import type { engineAgentOptions } from './options.js';

type Values = OptionValues<typeof engineAgentOptions.options>;

/** Turns checked option values into groups. @throws ServiceError `SERVICE_BAD_CONFIGURATION` with every problem of the engines. */
export function engineAgentConfig(values: Values): EngineAgentConfig {
  const reading = readEngines(values);
  if (reading.kind === 'invalid')
    throw new ServiceError('SERVICE_BAD_CONFIGURATION', reading.problems.join('\n'));
  return {
    engines: reading.engines,
    enginesFile: values.enginesFile,
    leaseMs: values.leaseMs,
    loadMs: values.loadMs,
    probeMs: values.probeMs,
    probeFailuresMax: values.probeFailuresMax,
    healthTimeoutMs: values.healthTimeoutMs,
    factsMs: values.factsMs,
    drainMs: values.engineDrainMs,
    handoverMs: values.handoverMs,
    admin: { host: values.adminHost, port: values.adminPort },
    grpc: { host: values.grpcHost, port: values.grpcPort },
  };
}

function readEngines(values: Values): EnginesReading {
  if (values.enginesFile !== null) return readEnginesFile(values.enginesFile);
  const { engineApiKeyFile: apiKeyFile, engineApiKeyEnv: apiKeyEnv } = values;
  const reading = readEngineSettings({ ...values, url: values.url ?? '', apiKeyFile, apiKeyEnv }, flagOf);
  return reading.kind === 'ok' ? { kind: 'ok', engines: [reading.config] } : reading;
}

/** `kvEvents` as `--kv-events`; the key is called the engine's, for the agent has none. */
function flagOf(setting: string): string {
  if (setting === 'apiKeyFile' || setting === 'apiKeyEnv')
    return setting === 'apiKeyFile' ? '--engine-api-key-file' : '--engine-api-key-env';
  return `--${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
