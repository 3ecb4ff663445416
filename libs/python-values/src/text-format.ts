import { characterCount, characters } from './characters.js';
import { fixedPoint } from './fixed-point.js';
import { doubleOf, integerOf } from './numbers.js';
import { repr, str } from './print.js';
import { PythonError, typeError, valueError } from './python-error.js';
import { itemAt } from './sequences.js';
import { UnsupportedError } from './unsupported-error.js';
import { isDict, isFloat, isInteger, isNumber, isText, isTuple, textOf, typeName } from './values.js';
import type { CallArguments, Value } from './values.js';

const SPEC = /^(?:(.)?([<>=^]))?([-+ ]?)(#?)(0?)([0-9]*)([,_]?)(?:\.([0-9]+))?([a-zA-Z%]?)$/su;

/** `format(value, spec)`. @throws UnsupportedError for what is rare: types e, g, n and c, `=` and `#`. */
export function formatValue(value: Value, spec: string): string {
  if (spec === '') return str(value);
  const match = SPEC.exec(spec);
  if (match === null) throw valueError('Invalid format specifier');
  const [, fill, align, sign = '', alternate, zero, width = '', grouping, precision, type = ''] = match;
  if (alternate === '#' || align === '=') throw new UnsupportedError('this format specifier');
  const body = formatBody(value, { sign, type, grouping: grouping ?? '', precision: precision ?? null });
  const missing = Number(width) - characterCount(body);
  if (missing <= 0) return body;
  if (zero === '0' && align === undefined) return padZeros(body, missing, isText(value));
  return pad(body, { missing, fill: fill ?? ' ', align: align ?? (isNumber(value) ? '>' : '<') });
}

function padZeros(body: string, missing: number, isOfText: boolean): string {
  if (isOfText) return body + '0'.repeat(missing);
  const signLength = /^[-+ ]/.test(body) ? 1 : 0;
  return body.slice(0, signLength) + '0'.repeat(missing) + body.slice(signLength);
}

interface BodyFormat {
  readonly sign: string;
  readonly type: string;
  readonly grouping: string;
  readonly precision: string | null;
}

function formatBody(value: Value, format: BodyFormat): string {
  const { sign, type, grouping, precision } = format;
  if (isText(value)) {
    if (type !== '' && type !== 's')
      throw valueError(`Unknown format code '${type}' for object of type 'str'`);
    const text = textOf(value);
    return precision === null ? text : sliced(text, Number(precision));
  }
  if (!isNumber(value) || (typeof value === 'boolean' && type === ''))
    throw new UnsupportedError('this format specifier');
  const digits = formatNumber(value, type, precision);
  const grouped = grouping === '' ? digits : groupThousands(digits, grouping);
  return sign === '' || sign === '-' || grouped.startsWith('-') ? grouped : sign + grouped;
}

function formatNumber(
  value: number | bigint | boolean | Extract<Value, { py: 'float' }>,
  type: string,
  precision: string | null,
): string {
  const digits = precision === null ? 6 : Number(precision);
  switch (type) {
    case 'f':
    case 'F':
      return fixedPoint(doubleOf(value), digits);
    case '%':
      return `${fixedPoint(doubleOf(value) * 100, digits)}%`;
    case '':
      if (isFloat(value) && precision !== null) throw new UnsupportedError('this format specifier');
      return str(value);
    case 'd':
    case 'x':
    case 'X':
    case 'b':
    case 'o':
      return formatWhole(value, type);
    default:
      throw new UnsupportedError('this format specifier');
  }
}

const BASES = { d: 10, x: 16, X: 16, b: 2, o: 8 } as const;

function formatWhole(value: Value, type: keyof typeof BASES): string {
  if (!isInteger(value))
    throw valueError(`Unknown format code '${type}' for object of type '${typeName(value)}'`);
  const text = integerOf(value).toString(BASES[type]);
  return type === 'X' ? text.toUpperCase() : text;
}

function groupThousands(digits: string, separator: string): string {
  const [whole = '', ...rest] = digits.split('.');
  return [whole.replace(/\B(?=(\d{3})+(?!\d))/g, separator), ...rest].join('.');
}

function sliced(text: string, length: number): string {
  const all = characters(text);
  return typeof all === 'string' ? all.slice(0, length) : all.slice(0, length).join('');
}

export function pad(
  text: string,
  { missing, fill, align }: { readonly missing: number; readonly fill: string; readonly align: string },
): string {
  const left = align === '<' ? 0 : align === '>' ? missing : Math.floor(missing / 2);
  return fill.repeat(Math.max(0, left)) + text + fill.repeat(Math.max(0, missing - left));
}

const CONVERSION = /%(?:\(([^)]*)\))?([-+ #0]*)(\d*|\*)(?:\.(\d+|\*))?([hlL]?)(.)/gsu;

/** `text % given`. @throws PythonError, UnsupportedError */
export function formatPercent(template: string, given: Value): string {
  const items = isTuple(given) ? given.items : [given];
  let next = 0;
  const text = template.replace(CONVERSION, (_whole, ...groups: (string | undefined)[]) => {
    const [name, flags = '', width = '', precision, , type = ''] = groups;
    if (type === '%') return '%';
    if (width === '*' || precision === '*') throw new UnsupportedError('a % conversion with *');
    let value: Value;
    if (name !== undefined) {
      if (!isDict(given)) throw typeError('format requires a mapping');
      if (!given.has(name)) throw new PythonError('KeyError', repr(name));
      value = given.get(name);
      next = items.length;
    } else {
      if (next >= items.length) throw typeError('not enough arguments for format string');
      value = items[next];
      next += 1;
    }
    return convert(value, { type, flags, width: Number(width), precision: precision ?? null });
  });
  if (/%$/.test(template.replace(/%%/g, ''))) throw valueError('incomplete format');
  if (next < items.length && !isDict(given)) {
    throw typeError('not all arguments converted during string formatting');
  }
  return text;
}

interface Conversion {
  readonly type: string;
  readonly flags: string;
  readonly width: number;
  readonly precision: string | null;
}

function convert(value: Value, { type, flags, width, precision }: Conversion): string {
  if (flags.includes('#')) throw new UnsupportedError('a % conversion with #');
  const body = convertBody(value, type, precision);
  const signed = !/[sr]/.test(type) && !body.startsWith('-') ? (/[+ ]/.exec(flags)?.[0] ?? '') + body : body;
  const missing = width - characterCount(signed);
  if (missing <= 0) return signed;
  if (flags.includes('-')) return signed + ' '.repeat(missing);
  if (flags.includes('0') && !/[sr]/.test(type)) return padZeros(signed, missing, false);
  return ' '.repeat(missing) + signed;
}

function convertBody(value: Value, type: string, precision: string | null): string {
  const cut = (text: string): string => (precision === null ? text : sliced(text, Number(precision)));
  switch (type) {
    case 's':
      return cut(str(value));
    case 'r':
      return cut(repr(value));
    case 'd':
    case 'i':
    case 'u': {
      if (!isNumber(value))
        throw typeError(`%${type} format: a real number is required, not ${typeName(value)}`);
      if (precision !== null) throw new UnsupportedError('a % conversion of a whole number with a precision');
      return isFloat(value) ? String(BigInt(Math.trunc(value.value))) : integerOf(value).toString();
    }
    case 'f':
    case 'F':
      if (!isNumber(value)) throw typeError(`must be real number, not ${typeName(value)}`);
      return fixedPoint(doubleOf(value), precision === null ? 6 : Number(precision));
    case 'x':
    case 'X':
    case 'o':
      if (precision !== null) throw new UnsupportedError('a % conversion of a whole number with a precision');
      return formatWhole(value, type);
    default:
      throw new UnsupportedError(`a % conversion of type ${type}`);
  }
}

const FIELD = /\{\{|\}\}|\{([^{}!:]*)(?:!([rsa]))?(?::([^{}]*))?\}|[{}]/g;

/** `text.format(…)`. @throws PythonError, UnsupportedError for nested fields. */
export function formatBraces(template: string, { positional, named }: CallArguments): string {
  let next = 0;
  return template.replace(
    FIELD,
    (whole, name: string | undefined, conversion: string | undefined, spec = '') => {
      if (whole === '{{' || whole === '}}') return whole.charAt(0);
      if (name === undefined) {
        if (/\{[^}]*\{/.test(template)) throw new UnsupportedError('a nested format field');
        throw valueError(`Single '${whole}' encountered in format string`);
      }
      const key = name === '' ? String(next++) : name;
      const value = lookUp(key, positional, named);
      if (conversion === 'a') throw new UnsupportedError('!a in a format');
      return formatValue(
        conversion === 'r' ? repr(value) : conversion === 's' ? str(value) : value,
        String(spec),
      );
    },
  );
}

function lookUp(key: string, positional: readonly Value[], named: ReadonlyMap<string, Value>): Value {
  const [, first = '', rest = ''] = /^([^.[]*)(.*)$/s.exec(key) ?? [];
  if (/^\d+$/.test(first) && Number(first) >= positional.length) {
    throw new PythonError('IndexError', 'Replacement index out of range for positional args tuple');
  }
  if (!/^\d+$/.test(first) && !named.has(first)) throw new PythonError('KeyError', repr(first));
  const value = /^\d+$/.test(first) ? positional[Number(first)] : named.get(first);
  if (rest === '') return value;
  const index = /^\[(\w+)\]$/.exec(rest)?.[1];
  if (index === undefined) throw new UnsupportedError('an attribute in a format field');
  return isDict(value) ? value.get(index) : itemAt(value, Number(index));
}
