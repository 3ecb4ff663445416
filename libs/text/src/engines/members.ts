import { isDict, isInteger, isFloat, isList } from '@kvasir/python-values';
import type { Dict, List, Value } from '@kvasir/python-values';
import { RequestInvalidError } from './chat-request.js';

const YES = new Set<Value>([
  true,
  1,
  'true',
  'True',
  'TRUE',
  't',
  'T',
  'yes',
  'Yes',
  'YES',
  'y',
  'Y',
  'on',
  'On',
  'ON',
  '1',
]);
const NO = new Set<Value>([
  false,
  0,
  'false',
  'False',
  'FALSE',
  'f',
  'F',
  'no',
  'No',
  'NO',
  'n',
  'N',
  'off',
  'Off',
  'OFF',
  '0',
]);

/** Members of a JSON object, checked as pydantic checks them when it is lenient. @throws RequestInvalidError, all of them */
export function flagOf(value: Value, name: string): boolean {
  const scalar = isFloat(value) ? value.value : value;
  if (YES.has(scalar)) return true;
  if (NO.has(scalar)) return false;
  throw invalid(name, 'a boolean');
}

export function textMember(fields: Dict, name: string): string {
  const value = fields.get(name);
  if (typeof value === 'string') return value;
  throw invalid(name, 'a string');
}

/** A text, or null when there is none. */
export function optionalText(fields: Dict, name: string): string | null {
  const value = fields.get(name) ?? null;
  return value === null ? null : textMember(fields, name);
}

export function optionalDict(fields: Dict, name: string): Dict | null {
  const value = fields.get(name) ?? null;
  if (value === null || isDict(value)) return value;
  throw invalid(name, 'an object');
}

export function optionalList(fields: Dict, name: string): List | null {
  const value = fields.get(name) ?? null;
  if (value === null || isList(value)) return value;
  throw invalid(name, 'an array');
}

export function optionalInteger(fields: Dict, name: string): number | null {
  const value = fields.get(name) ?? null;
  if (value === null) return null;
  if (isInteger(value) && Number.isSafeInteger(Number(value))) return Number(value);
  throw invalid(name, 'a whole number');
}

export function invalid(name: string, wanted: string): RequestInvalidError {
  return new RequestInvalidError(`'${name}' must be ${wanted}`);
}
