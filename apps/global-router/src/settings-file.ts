import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { readPoolSettings } from '@kvasir/pool-policy';
import type { PoolSettings, SettingsReading } from '@kvasir/pool-policy';
import type { CancelTimer, Clock } from '@kvasir/service';
import { parse } from 'yaml';

/** How often the file is looked at. */
export const LOOK_MS = 1_000;

/** Reads a configuration of pools (YAML or JSON) with every problem at once. */
export function readSettingsFile(path: string): SettingsReading {
  try {
    return readSettingsText(readFileSync(path, 'utf8'));
  } catch (error) {
    return { kind: 'invalid', problems: [`${path} cannot be read: ${reasonOf(error)}`] };
  }
}

function readSettingsText(text: string): SettingsReading {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    return { kind: 'invalid', problems: [`it is neither YAML nor JSON: ${reasonOf(error)}`] };
  }
  return readPoolSettings(value);
}

/** Reads the file again when it has changed; one that is wrong changes nothing and is told of, once per content. */
export class SettingsWatch {
  readonly #path: string;
  readonly #cancel: CancelTimer;
  readonly #onRead: (reading: SettingsReading) => void;
  #text: string;
  #isLooking = false;

  constructor(
    path: string,
    { clock, onRead }: { readonly clock: Clock; readonly onRead: (reading: SettingsReading) => void },
  ) {
    this.#path = path;
    this.#onRead = onRead;
    this.#text = readFileSync(path, 'utf8');
    this.#cancel = clock.every(LOOK_MS, () => void this.#look());
  }

  close(): void {
    this.#cancel();
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    // A file that is being replaced is not there for a moment.
    const text = await readFile(this.#path, 'utf8').catch(() => null);
    this.#isLooking = false;
    if (text === null || text === this.#text) return;
    this.#text = text;
    this.#onRead(readSettingsText(text));
  }
}

/** With targets that were given as flags in the place of what the file leaves open. */
export function withDefaultTargets(
  settings: PoolSettings,
  { ttftMs, itlMs }: { readonly ttftMs: number | null; readonly itlMs: number | null },
): PoolSettings {
  return {
    ...settings,
    defaultTtftMs: settings.defaultTtftMs ?? ttftMs,
    defaultItlMs: settings.defaultItlMs ?? itlMs,
  };
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
