import { formatEndpointName, parseEndpointName } from './endpoint-name.js';
import type { EndpointName } from './records.js';

/** Of a wrong value, in a message. */
const SHOWN_CHARS_MAX = 100;

/** Reads the fields of one JSON object and collects what is wrong with them, all at once; fields that nobody asks for are left alone. */
export class JsonFields {
  readonly problems: string[] = [];
  readonly #fields: Readonly<Record<string, unknown>>;

  private constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
  }

  /** Null when the text is no JSON object. */
  static parse(text: string): JsonFields | null {
    try {
      const value: unknown = JSON.parse(text);
      return isObject(value) ? new JsonFields(value) : null;
    } catch {
      return null;
    }
  }

  /** False also when it is null. */
  has(name: string): boolean {
    return (this.#fields[name] ?? null) !== null;
  }

  text(name: string, charsMax: number): string {
    const value = this.#fields[name];
    if (isText(value, charsMax)) return value;
    return this.#wrong(name, `text of 1 to ${charsMax} characters`, '');
  }

  textOrNull(name: string, charsMax: number): string | null {
    const value = this.#fields[name];
    if (value === null || isText(value, charsMax)) return value;
    return this.#wrong(name, `null or text of 1 to ${charsMax} characters`, null);
  }

  integer(name: string, min: number, max: number): number {
    const value = this.#fields[name];
    if (isInteger(value, min, max)) return value;
    return this.#wrong(name, `an integer from ${min} to ${max}`, min);
  }

  integerOrNull(name: string, min: number, max: number): number | null {
    const value = this.#fields[name];
    if (value === null || isInteger(value, min, max)) return value;
    return this.#wrong(name, `null or an integer from ${min} to ${max}`, null);
  }

  boolean(name: string): boolean {
    const value = this.#fields[name];
    return typeof value === 'boolean' ? value : this.#wrong(name, 'true or false', false);
  }

  choice<Choice extends string>(name: string, choices: readonly [Choice, ...Choice[]]): Choice {
    const value = this.#fields[name];
    return choices.find((choice) => choice === value) ?? this.#wrong(name, choices.join(' or '), choices[0]);
  }

  texts(name: string, countMax: number, charsMax: number): readonly string[] {
    const value = this.#fields[name];
    if (
      Array.isArray(value) &&
      value.length <= countMax &&
      value.every((item): item is string => isText(item, charsMax))
    )
      return value;
    return this.#wrong(name, `at most ${countMax} texts of 1 to ${charsMax} characters`, []);
  }

  /** Null also when the field is absent: who wrote the record did not know of it. */
  textsOrNull(name: string, countMax: number, charsMax: number): readonly string[] | null {
    const value = this.#fields[name] ?? null;
    return value === null ? null : this.texts(name, countMax, charsMax);
  }

  /** An HTTP base URL without a trailing slash. */
  httpUrl(name: string, charsMax: number): string {
    const value = this.#fields[name];
    if (
      isText(value, charsMax) &&
      /^https?:\/\/[^\s/]/.test(value) &&
      !value.endsWith('/') &&
      URL.canParse(value)
    )
      return value;
    return this.#wrong(name, 'an http(s) URL without a trailing slash', '');
  }

  endpoint(name: string): EndpointName {
    const value = this.#fields[name];
    const parsed = typeof value === 'string' ? parseEndpointName(value) : null;
    return (
      parsed ??
      this.#wrong(name, 'namespace.component.endpoint', { namespace: '', component: '', endpoint: '' })
    );
  }

  /** None when the field is absent: who wrote the record did not know of it. */
  endpoints(name: string, countMax: number): readonly EndpointName[] {
    const value = this.#fields[name] ?? [];
    const items: readonly unknown[] = Array.isArray(value) ? (value as unknown[]) : [null];
    const parsed = items.map((item) => (typeof item === 'string' ? parseEndpointName(item) : null));
    const known = parsed.filter((endpoint) => endpoint !== null);
    return known.length === items.length && items.length <= countMax
      ? known
      : this.#wrong(name, `at most ${countMax} of namespace.component.endpoint`, []);
  }

  #wrong<Value>(name: string, wanted: string, placeholder: Value): Value {
    const value = this.#fields[name];
    const received = shown(value);
    this.problems.push(`${name} must be ${wanted}, received ${received}`);
    return placeholder;
  }
}

/** An endpoint name as a JSON field. */
export const endpointField = (endpoint: EndpointName): string => formatEndpointName(endpoint);

/** Objects and lists are only named: they may be too deep to be written down. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, SHOWN_CHARS_MAX));
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return isObject(value) ? 'an object' : JSON.stringify(value);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isInteger = (value: unknown, min: number, max: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;

/** A lone surrogate would not survive UTF-8, so it is no text. */
const isText = (value: unknown, charsMax: number): value is string =>
  typeof value === 'string' && value.length >= 1 && value.length <= charsMax && !/\p{Surrogate}/u.test(value);
