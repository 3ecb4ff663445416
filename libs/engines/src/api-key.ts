import { readFileSync } from 'node:fs';

/** Where the key of an engine's API is; never the key itself. */
export type ApiKeySource =
  | { readonly kind: 'file'; readonly path: string }
  /** A variable of this process. */
  | { readonly kind: 'env'; readonly name: string };

/** A file is read again at most this often, so that a key can be replaced while everything runs. */
const REREAD_MS = 1_000;
/** What a header can carry. */
const KEY = /^[\x21-\x7e]{1,4096}$/;

export type ApiKeyReading =
  | { readonly kind: 'ok'; readonly key: string }
  /** As in "cannot be used: …"; never with the key in it. */
  | { readonly kind: 'unusable'; readonly reason: string };

/** Reads a key: the first line of the file, or the variable. */
export function readApiKey(source: ApiKeySource, env: NodeJS.ProcessEnv = process.env): ApiKeyReading {
  const text = source.kind === 'env' ? (env[source.name] ?? '') : fileText(source.path);
  if (typeof text !== 'string') return { kind: 'unusable', reason: text.message };
  const key = text.split('\n', 1)[0]?.trim() ?? '';
  if (KEY.test(key)) return { kind: 'ok', key };
  const where = source.kind === 'env' ? `the variable ${source.name}` : source.path;
  return {
    kind: 'unusable',
    reason:
      key === '' ? `${where} is empty or not there` : `${where} has characters that no header can carry`,
  };
}

function fileText(path: string): string | Error {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** One engine's key as it is now. While its file cannot be read the last one counts. */
export class ApiKey {
  readonly #source: ApiKeySource;
  readonly #nowMs: () => number;
  #key: string | null = null;
  #readAtMs = -Infinity;

  constructor(source: ApiKeySource, nowMs: () => number) {
    this.#source = source;
    this.#nowMs = nowMs;
  }

  /** What goes into the header `authorization`; null while there is no key. */
  authorization(): string | null {
    const nowMs = this.#nowMs();
    if (nowMs - this.#readAtMs >= REREAD_MS) {
      this.#readAtMs = nowMs;
      const reading = readApiKey(this.#source);
      if (reading.kind === 'ok') this.#key = `Bearer ${reading.key}`;
    }
    return this.#key;
  }
}
