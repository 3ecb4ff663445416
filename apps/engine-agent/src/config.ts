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
    leaseMs: values.leaseMs,
    loadMs: values.loadMs,
    probeMs: values.probeMs,
    probeFailuresMax: values.probeFailuresMax,
    admin: { host: values.adminHost, port: values.adminPort },
    grpc: { host: values.grpcHost, port: values.grpcPort },
  };
}

function readEngines(values: Values): EnginesReading {
  if (values.enginesFile !== null) return readEnginesFile(values.enginesFile);
  const reading = readEngineSettings({ ...values, url: values.url ?? '' }, flagOf);
  return reading.kind === 'ok' ? { kind: 'ok', engines: [reading.config] } : reading;
}

/** `kvEvents` as `--kv-events`. */
function flagOf(setting: string): string {
  return `--${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
