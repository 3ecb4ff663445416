import { floatText } from './numbers.js';

const BITS_OF_MANTISSA = 52;

/** A double as the whole number and the power of two that it exactly is. */
function exactParts(value: number): { readonly mantissa: bigint; readonly exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const biased = Number(bits >> BigInt(BITS_OF_MANTISSA));
  const fraction = bits & ((1n << BigInt(BITS_OF_MANTISSA)) - 1n);
  if (biased === 0) return { mantissa: fraction, exponent: -1074 };
  return { mantissa: fraction | (1n << BigInt(BITS_OF_MANTISSA)), exponent: biased - 1075 };
}

function halfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  if (twice > denominator || (twice === denominator && (quotient & 1n) === 1n)) return quotient + 1n;
  return quotient;
}

/** `format(value, '.{digits}f')`: the exact value of the double, rounded half to even. */
export function fixedPoint(value: number, digits: number): string {
  if (!Number.isFinite(value)) return floatText(value);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const { mantissa, exponent } = exactParts(value);
  const scaled = mantissa * 10n ** BigInt(digits);
  const rounded = exponent >= 0 ? scaled << BigInt(exponent) : halfEven(scaled, 1n << BigInt(-exponent));
  const text = rounded.toString().padStart(digits + 1, '0');
  if (digits === 0) return sign + text;
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** `round(value, digits)` of a double. */
export function roundDouble(value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 323) return value;
  if (digits >= 0) return Number(fixedPoint(value, digits));
  const unit = 10 ** -digits;
  const rounded = Number(fixedPoint(value / unit, 0)) * unit;
  return rounded;
}

/** `round(value, digits)` of a whole number, digits being below zero. */
export function roundInteger(value: bigint, digits: number): bigint {
  const unit = 10n ** BigInt(-digits);
  const magnitude = halfEven(value < 0n ? -value : value, unit) * unit;
  return value < 0n ? -magnitude : magnitude;
}
