import { openAiError } from './errors.js';
import type { OpenAiError, OpenAiErrorCode } from './errors.js';

/**
 * Reads fields of a request by name and type; the first one that is wrong is kept as the error, and later reads give harmless defaults.
 * A null counts as absent, as OpenAI's clients send it.
 */
export class RequestFields {
  readonly #fields: Readonly<Record<string, unknown>>;
  #error: OpenAiError | null = null;

  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
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
    const value = this.#fields[name];
    return value !== undefined && value !== null;
  }

  value(name: string): unknown {
    return this.#fields[name];
  }

  requiredText(name: string): string {
    const value = this.#fields[name];
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
    const value = this.#fields[name];
    if (value === undefined || value === null) return null;
    if (typeof value === 'string') return value;
    this.#wrongType(name, 'a string', value);
    return null;
  }

  flag(name: string, byDefault: boolean): boolean {
    const value = this.#fields[name];
    if (value === undefined || value === null) return byDefault;
    if (typeof value === 'boolean') return value;
    this.#wrongType(name, 'a boolean', value);
    return byDefault;
  }

  /** A whole number of at least `min`. */
  integer(name: string, min: number): number | null {
    const value = this.#fields[name];
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
    return value;
  }

  list(name: string): readonly unknown[] | null {
    const value = this.#fields[name];
    if (value === undefined || value === null) return null;
    if (Array.isArray(value)) return value as readonly unknown[];
    this.#wrongType(name, 'an array', value);
    return null;
  }

  record(name: string): Readonly<Record<string, unknown>> | null {
    const value = this.#fields[name];
    if (value === undefined || value === null) return null;
    if (isRecord(value)) return value;
    this.#wrongType(name, 'an object', value);
    return null;
  }

  #wrongType(name: string, wanted: string, value: unknown): void {
    this.reject('invalid_type', `'${name}' must be ${wanted}, received ${typeName(value)}`, name);
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
