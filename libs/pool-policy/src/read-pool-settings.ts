import type { SettingsReading } from './pool-settings.js';
import { readOwnSettings } from './read-own-settings.js';
import { isReferenceForm, readReferenceSettings } from './read-reference-settings.js';
import { SettingsReader } from './settings-reader.js';

/** Reads a configuration of pools that was parsed from YAML or JSON: this project's own form, or that of Dynamo's global router as it is. */
export function readPoolSettings(value: unknown): SettingsReading {
  const reader = new SettingsReader();
  const warnings: string[] = [];
  const settings = isReferenceForm(value)
    ? readReferenceSettings(value, reader, warnings)
    : readOwnSettings(value, reader);
  return settings === null || reader.problems.length > 0
    ? { kind: 'invalid', problems: reader.problems }
    : { kind: 'ok', settings, warnings };
}
