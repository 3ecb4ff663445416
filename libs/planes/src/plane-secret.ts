import { createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { MessageSeal } from '@kvasir/contract';
import { ServiceError } from '@kvasir/service';
import type { CancelTimer, Clock, Logger } from '@kvasir/service';

/** How often the file is looked at. */
const LOOK_MS = 1_000;
/** A key that could be guessed is none. */
const KEY_CHARS_MIN = 32;
const KEYS_MAX = 2;

type Keys = readonly [KeyObject, ...KeyObject[]];
type Reading =
  | { readonly kind: 'keys'; readonly keys: Keys; readonly text: string }
  | { readonly kind: 'invalid'; readonly problem: string };

/**
 * The keys of a file, one a line; empty lines and lines that begin with `#` are left out. The first one seals, all of them open: to change a key, add the
 * new one as the second line everywhere, then put it first, then take the old one away. The file is read again when it changes; one that is wrong
 * changes nothing and is told of once.
 */
export class PlaneSecret {
  readonly seal: MessageSeal;
  readonly #path: string;
  readonly #logger: Logger;
  readonly #cancel: CancelTimer;
  #keys: Keys;
  /** What was read last, right or wrong. */
  #read: string;

  /** @throws ServiceError `SERVICE_BAD_CONFIGURATION` for a file that cannot be used. */
  constructor(path: string, parts: { readonly clock: Clock; readonly logger: Logger }) {
    const reading = readKeys(path);
    if (reading.kind === 'invalid')
      throw new ServiceError('SERVICE_BAD_CONFIGURATION', `--plane-secret-file ${path}: ${reading.problem}`);
    this.#path = path;
    this.#logger = parts.logger;
    this.#keys = reading.keys;
    this.#read = reading.text;
    this.seal = new MessageSeal(() => this.#keys);
    this.#cancel = parts.clock.every(LOOK_MS, () => this.#look());
  }

  close(): void {
    this.#cancel();
  }

  #look(): void {
    const reading = readKeys(this.#path);
    const read = reading.kind === 'keys' ? reading.text : reading.problem;
    if (read === this.#read) return;
    this.#read = read;
    if (reading.kind === 'invalid') {
      this.#logger.error(
        { path: this.#path, problem: reading.problem },
        'the plane secret file is wrong; the last good one counts',
      );
      return;
    }
    this.#keys = reading.keys;
    this.#logger.info({ path: this.#path, keys: reading.keys.length }, 'plane secret read again');
  }
}

function readKeys(path: string): Reading {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return { kind: 'invalid', problem: error instanceof Error ? error.message : String(error) };
  }
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const [first, ...others] = lines.map((line) => createSecretKey(Buffer.from(line)));
  if (first === undefined) return { kind: 'invalid', problem: 'it holds no key' };
  if (lines.length > KEYS_MAX)
    return { kind: 'invalid', problem: `it holds ${lines.length} keys, at most ${KEYS_MAX} are used` };
  const short = lines.findIndex((line) => line.length < KEY_CHARS_MIN);
  if (short >= 0)
    return {
      kind: 'invalid',
      problem: `key ${short + 1} has fewer than ${KEY_CHARS_MIN} characters (make one with: openssl rand -hex 32)`,
    };
  return { kind: 'keys', keys: [first, ...others], text };
}
