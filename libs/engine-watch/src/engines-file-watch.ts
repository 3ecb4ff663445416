import { statSync } from 'node:fs';
import type { CancelTimer, Clock, Logger } from '@kvasir/service';
import type { EngineConfig } from './engine-config.js';
import { readEnginesFile } from './engines-file.js';

/** How often the file is looked at. */
const LOOK_MS = 1_000;

export interface EnginesFileWatchParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes what the file says now. */
  readonly apply: (engines: readonly EngineConfig[]) => Promise<void>;
}

/** Reads a file of engines again whenever it has changed. One that cannot be used changes nothing, and what is wrong with it is told once. */
export class EnginesFileWatch {
  readonly #path: string;
  readonly #parts: EnginesFileWatchParts;
  readonly #cancel: CancelTimer;
  #stamp: string;

  constructor(path: string, parts: EnginesFileWatchParts) {
    this.#path = path;
    this.#parts = parts;
    this.#stamp = this.#stampNow();
    this.#cancel = parts.clock.every(LOOK_MS, () => {
      if (this.#stampNow() !== this.#stamp) void this.reload();
    });
  }

  /** Reads it now, whether it has changed or not. */
  async reload(): Promise<void> {
    const { apply, logger } = this.#parts;
    this.#stamp = this.#stampNow();
    const reading = readEnginesFile(this.#path, 0);
    if (reading.kind === 'ok') await apply(reading.engines);
    else logger.error({ problems: reading.problems }, 'the engines file is wrong; the last good one counts');
  }

  close(): void {
    this.#cancel();
  }

  /** Changes with the file; empty when it is not there. */
  #stampNow(): string {
    try {
      const { mtimeMs, size, ino } = statSync(this.#path);
      return `${mtimeMs} ${size} ${ino}`;
    } catch {
      return '';
    }
  }
}
