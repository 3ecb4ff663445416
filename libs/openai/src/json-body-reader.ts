import { isUtf8 } from 'node:buffer';
import { openAiError } from './errors.js';
import type { OpenAiError } from './errors.js';
import { WalkedBody } from './json-body.js';
import type { JsonBody } from './json-body.js';
import { JsonWalk } from './json-walk.js';
import type { JsonWalkLimits, WalkedPrompt, WalkOutcome } from './json-walk.js';

export type JsonBodyReading =
  | {
      readonly kind: 'ok';
      readonly body: JsonBody;
      /** What stands in the member that was asked for; null when there is none. */
      readonly prompt: WalkedPrompt | null;
    }
  | { readonly kind: 'invalid'; readonly error: OpenAiError };

/** Reads a JSON object in steps. Nothing is looked at before the first one. */
export class JsonBodyReader {
  readonly #bytes: Buffer;
  readonly #limits: JsonWalkLimits;
  readonly #walk: JsonWalk;
  #isChecked = false;

  /** @param promptKey the member whose ids, or items, are wanted. */
  constructor(bytes: Uint8Array, limits: JsonWalkLimits, promptKey: string | null = null) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limits = limits;
    this.#walk = new JsonWalk(this.#bytes, limits, promptKey);
  }

  /** Bytes that are still to be read. */
  get bytesLeft(): number {
    return this.#walk.bytesLeft;
  }

  /** Reads about `bytesMax` bytes more. @returns null when there are more. */
  step(bytesMax: number): JsonBodyReading | null {
    if (!this.#isChecked) {
      // Native, some GB/s: not worth being cut.
      if (!isUtf8(this.#bytes)) return invalid(openAiError('invalid_utf8', 'The body is not valid UTF-8'));
      this.#isChecked = true;
    }
    const outcome = this.#walk.step(bytesMax);
    if (outcome === null) return null;
    if (outcome.kind !== 'object') return invalid(problem(this.#bytes, outcome, this.#limits));
    return { kind: 'ok', body: new WalkedBody(this.#bytes, outcome.members), prompt: outcome.prompt };
  }
}

/** Reads a JSON object at once. */
export function readJsonBody(bytes: Uint8Array, limits: JsonWalkLimits): JsonBodyReading {
  const reading = new JsonBodyReader(bytes, limits).step(Infinity);
  if (reading === null) throw new TypeError('Cannot read a body: it did not end');
  return reading;
}

function invalid(error: OpenAiError): JsonBodyReading {
  return { kind: 'invalid', error };
}

function problem(
  bytes: Buffer,
  outcome: Exclude<WalkOutcome, { kind: 'object' }>,
  limits: JsonWalkLimits,
): OpenAiError {
  switch (outcome.kind) {
    case 'noObject':
      return openAiError('malformed_json', 'The body must be a JSON object');
    case 'malformed':
      return openAiError('malformed_json', describeMalformed(bytes, outcome));
    case 'tooMuch':
      return openAiError(
        'body_too_complex',
        `The body ${TOO_MUCH[outcome.limit]} ${limits[outcome.limit]}, the most that is taken`,
      );
  }
}

const TOO_MUCH = {
  depthMax: 'nests objects and arrays deeper than',
  valuesMax: 'has more JSON values than',
  membersMax: 'has more members than',
} as const;

function describeMalformed(
  bytes: Buffer,
  { at, expected }: Extract<WalkOutcome, { kind: 'malformed' }>,
): string {
  if (at < bytes.length) return `The body is not valid JSON: ${expected} may stand at byte ${at}`;
  const isEmpty = bytes.length <= EMPTY_BODY_BYTES_MAX && bytes.toString('utf8').trim() === '';
  return isEmpty
    ? 'The body is empty; it must be a JSON object'
    : `The body is not valid JSON: it ends after ${bytes.length} bytes, in the middle`;
}

/** A body of more spaces than this is called incomplete instead of empty. */
const EMPTY_BODY_BYTES_MAX = 1_024;
