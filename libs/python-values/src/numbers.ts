import { PythonError, typeError, valueError } from './python-error.js';
import { UnsupportedError } from './unsupported-error.js';
import { float, isFloat, isInteger, isNumber, typeName } from './values.js';
import type { PyFloat, Value } from './values.js';

export type Arithmetic = '+' | '-' | '*' | '/' | '//' | '%' | '**';

/** A whole number in its one representation: a number while exact, else a bigint. */
export function integer(value: bigint | number): number | bigint {
  if (typeof value === 'number') return value === 0 ? 0 : value;
  const asNumber = Number(value);
  return Number.isSafeInteger(asNumber) ? asNumber : value;
}

/** Of an `int` or a `bool`. */
export function integerOf(value: number | bigint | boolean): number | bigint {
  return typeof value === 'boolean' ? Number(value) : value;
}

/** The nearest double; of whole numbers too. */
export function doubleOf(value: number | bigint | boolean | PyFloat): number {
  return isFloat(value) ? value.value : Number(value);
}

/** @throws PythonError as Python's operators do, UnsupportedError for powers that are no double or small whole number. */
export function calculate(operator: Arithmetic, left: Value, right: Value): Value {
  if (!isNumber(left) || !isNumber(right)) {
    throw typeError(
      `unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`,
    );
  }
  if (isFloat(left) || isFloat(right) || operator === '/') {
    return float(calculateDoubles(operator, doubleOf(left), doubleOf(right)));
  }
  return calculateIntegers(operator, integerOf(left), integerOf(right));
}

function calculateIntegers(
  operator: Exclude<Arithmetic, '/'>,
  left: number | bigint,
  right: number | bigint,
): Value {
  if (typeof left === 'number' && typeof right === 'number') {
    const quick = quickInteger(operator, left, right);
    if (quick !== null && Number.isSafeInteger(quick)) return integer(quick);
  }
  const [a, b] = [BigInt(left), BigInt(right)];
  switch (operator) {
    case '+':
      return integer(a + b);
    case '-':
      return integer(a - b);
    case '*':
      return integer(a * b);
    case '//':
      return integer(floorQuotient(a, b));
    case '%':
      return integer(a - floorQuotient(a, b) * b);
    case '**':
      if (b < 0n) return float(Number(a) ** Number(b));
      if (b > 1024n) throw new UnsupportedError('a large power');
      return integer(a ** b);
  }
}

/** Null where doubles could round before anybody notices. */
function quickInteger(operator: Exclude<Arithmetic, '/'>, left: number, right: number): number | null {
  if (operator === '+') return left + right;
  if (operator === '-') return left - right;
  if (operator === '*') return left * right;
  return null;
}

function floorQuotient(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new PythonError('ZeroDivisionError', 'integer division or modulo by zero');
  const quotient = a / b;
  return quotient * b !== a && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

function calculateDoubles(operator: Arithmetic, a: number, b: number): number {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      if (b === 0) throw new PythonError('ZeroDivisionError', 'division by zero');
      return a / b;
    case '//':
      if (b === 0) throw new PythonError('ZeroDivisionError', 'float floor division by zero');
      return Math.floor((a - floatRemainder(a, b)) / b);
    case '%':
      if (b === 0) throw new PythonError('ZeroDivisionError', 'float modulo');
      return floatRemainder(a, b);
    case '**':
      if (a < 0 && !Number.isInteger(b)) throw new UnsupportedError('a complex number');
      return a ** b;
  }
}

function floatRemainder(a: number, b: number): number {
  const remainder = a % b;
  return remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder;
}

export function negate(value: Value): Value {
  if (isFloat(value)) return float(-value.value);
  if (isInteger(value)) return integer(-BigInt(value));
  throw typeError(`bad operand type for unary -: '${typeName(value)}'`);
}

/** Shortest digits that read back as the same double, written as Python writes them. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const [mantissa = '', exponentText = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(exponentText);
  const sign = value < 0 ? '-' : '';
  if (exponent < -4 || exponent >= 16) return sign + exponentForm(digits, exponent);
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

function exponentForm(digits: string, exponent: number): string {
  const mantissa = digits.length > 1 ? `${digits.charAt(0)}.${digits.slice(1)}` : digits;
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

const INTEGER = /^[+-]?[0-9]+(?:_[0-9]+)*$/;
const FLOAT =
  /^[+-]?(?:(?:[0-9]+(?:_[0-9]+)*)?\.?(?:[0-9]+(?:_[0-9]+)*)?(?:e[+-]?[0-9]+)?|inf(?:inity)?|nan)$/i;

/** `int(text)` with base 10. @returns null when it is none. */
export function parseInteger(text: string): number | bigint | null {
  const trimmed = text.trim();
  return INTEGER.test(trimmed) ? integer(BigInt(trimmed.replace(/^\+|_/g, ''))) : null;
}

/** `float(text)`. @returns null when it is none. */
export function parseFloatText(text: string): PyFloat | null {
  const trimmed = text.trim().toLowerCase().replace(/_/g, '');
  if (!FLOAT.test(trimmed) || !/[0-9]|inf|nan/.test(trimmed)) return null;
  const named = trimmed.replace(/^([+-]?)inf(inity)?$/, '$1Infinity').replace(/^[+-]?nan$/, 'NaN');
  const value = Number(named);
  return Number.isNaN(value) && named !== 'NaN' ? null : float(value);
}

/** `int(value)` of a double. @throws PythonError for what is not finite. */
export function truncated(value: number): number | bigint {
  if (!Number.isFinite(value)) throw valueError('cannot convert float infinity or NaN to integer');
  const whole = Math.trunc(value);
  return Number.isSafeInteger(whole) ? integer(whole) : integer(BigInt(whole));
}

/** A whole number that counts something; None is the fallback. @throws PythonError for other types. */
export function wholeNumberOr(value: Value, fallback: number): number {
  if (value === null) return fallback;
  if (isInteger(value)) return Number(value);
  throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
}
