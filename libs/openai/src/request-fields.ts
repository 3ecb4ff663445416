import { openAiError } from './errors.js';
import type { OpenAiError, OpenAiErrorCode } from './errors.js';
import { FIELD_BYTES_MAX } from './json-body.js';
import type { JsonBody } from './json-body.js';
import { OPEN_BRACE, OPEN_BRACKET, QUOTE } from './json-members.js';

/**
 * Reads fields of a request by name and type; the first one that is wrong is kept as the error, and later reads give harmless defaults.
 * A null counts as absent, as OpenAI's clients send it.
 */
export class RequestFields {
  readonly #body: JsonBody;
  #error: OpenAiError | null = null;

  constructor(body: JsonBody) {
    this.#body = body;
  }

  /** The first problem found, if any. */
  get error(): OpenAiError | null {
    return this.#error;
  }

  /** Keeps the first problem only. */
  reject(code: OpenAiErrorCode, message: string, param: string): void {
    this.#error ??= openAiError(code, message, param);
  }

  has(name: string): boolean {
    return this.raw(name) !== null;
  }

  /** The bytes of a value that is not made one here; null when it is null or absent. */
  raw(name: string): Buffer | null {
    const raw = this.#body.raw(name);
    return raw === null || raw[0] === LETTER_N ? null : raw;
  }

  /** A field that is too long to be made a value is wrong, and read as absent. */
  value(name: string): unknown {
    const raw = this.#body.raw(name);
    if (raw === null) return undefined;
    if (raw.length <= FIELD_BYTES_MAX) return this.#body.value(name);
    this.reject('invalid_value', `'${name}' must have at most ${FIELD_BYTES_MAX} bytes of JSON`, name);
    return undefined;
  }

  requiredText(name: string): string {
    const value = this.value(name);
    if (value === undefined || value === null) {
      this.reject('missing_required_parameter', `'${name}' is required`, name);
      return '';
    }
    if (typeof value !== 'string') {
      this.#wrongType(name, 'a string', value);
      return '';
    }
    if (value === '') this.reject('invalid_value', `'${name}' must not be empty`, name);
    return value;
  }

  text(name: string): string | null {
    const value = this.value(name);
    if (value === undefined || value === null) return null;
    if (typeof value === 'string') return value;
    this.#wrongType(name, 'a string', value);
    return null;
  }

  flag(name: string, byDefault: boolean): boolean {
    const value = this.value(name);
    if (value === undefined || value === null) return byDefault;
    if (typeof value === 'boolean') return value;
    this.#wrongType(name, 'a boolean', value);
    return byDefault;
  }

  /** A whole number from `min` to `max`. */
  integer(name: string, min: number, max = Number.MAX_SAFE_INTEGER): number | null {
    const value = this.value(name);
    if (value === undefined || value === null) return null;
    if (typeof value !== 'number') {
      this.#wrongType(name, 'a whole number', value);
      return null;
    }
    if (!Number.isSafeInteger(value) || value < min) {
      this.reject(
        'invalid_value',
        `'${name}' must be a whole number of at least ${min}, received ${value}`,
        name,
      );
      return null;
    }
    if (value <= max) return value;
    this.reject('invalid_value', `'${name}' must be at most ${max} here, received ${value}`, name);
    return null;
  }

  /** Where a limit holds for numbers only: whatever else it is, the engine may judge. */
  limit(name: string, max: number): void {
    const value = this.value(name);
    if (typeof value !== 'number' || (value >= 0 && value <= max)) return;
    this.reject('invalid_value', `'${name}' must be from 0 to ${max} here, received ${value}`, name);
  }

  /** The bytes of an array that is not made a value; null when it is absent. */
  rawList(name: string): Buffer | null {
    return this.#rawOf(name, OPEN_BRACKET, 'an array');
  }

  /** The bytes of an object that is not made a value; null when it is absent. */
  rawRecord(name: string): Buffer | null {
    return this.#rawOf(name, OPEN_BRACE, 'an object');
  }

  #rawOf(name: string, first: number, wanted: string): Buffer | null {
    const raw = this.raw(name);
    if (raw === null || raw[0] === first) return raw;
    this.reject('invalid_type', `'${name}' must be ${wanted}, received ${rawTypeName(raw)}`, name);
    return null;
  }

  list(name: string): readonly unknown[] | null {
    const value = this.value(name);
    if (value === undefined || value === null) return null;
    if (Array.isArray(value)) return value as readonly unknown[];
    this.#wrongType(name, 'an array', value);
    return null;
  }

  record(name: string): Readonly<Record<string, unknown>> | null {
    const value = this.value(name);
    if (value === undefined || value === null) return null;
    if (isRecord(value)) return value;
    this.#wrongType(name, 'an object', value);
    return null;
  }

  #wrongType(name: string, wanted: string, value: unknown): void {
    this.reject('invalid_type', `'${name}' must be ${wanted}, received ${typeName(value)}`, name);
  }
}

const LETTER_N = 0x6e;

/** As `typeName`, of a value's bytes. */
export function rawTypeName(raw: Uint8Array): string {
  switch (raw[0]) {
    case QUOTE:
      return 'a string';
    case OPEN_BRACKET:
      return 'an array';
    case OPEN_BRACE:
      return 'an object';
    case LETTER_N:
      return 'null';
    default:
      return (raw[0] ?? 0) > 0x39 ? 'a boolean' : 'a number';
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `a string`, `an array`, `null`: how an error message calls what it got. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  return `a ${typeof value}`;
}
