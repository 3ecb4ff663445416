import {
  bindArguments,
  capitalize,
  characterCount,
  formatPercent,
  isMarkup,
  isText,
  isTruthy,
  markup,
  parseFloatText,
  parseInteger,
  printJson,
  PythonError,
  replaceText,
  splitLines,
  str,
  stripEnd,
  stripsOf,
  stripStart,
  textMethod,
  textOf,
  truncated,
  tuple,
  typeError,
  typeName,
  UnsupportedError,
  wholeNumberOr,
  isFloat,
  isInteger,
  doubleOf,
  isNumber,
  float,
  slice,
  NO_NAMED,
  integerOf,
} from '@kvasir/python-values';
import type { CallArguments, Value } from '@kvasir/python-values';
import { escaped } from './operators.js';
import type { Filter } from './filter.js';
import { wrapWords } from './word-wrap.js';

/** A text out of anything. A safe text has methods that keep it safe: not had here. */
function softText(value: Value): string {
  if (isMarkup(value)) throw new UnsupportedError('a filter of a safe text');
  return str(value);
}

const ofText =
  (change: (text: string) => string): Filter =>
  (value) =>
    change(softText(value));

function format(value: Value, { positional, named }: CallArguments): string {
  if (positional.length > 0 && named.size > 0) {
    throw new PythonError(
      'FilterArgumentError',
      "can't handle positional and keyword arguments at the same time",
    );
  }
  return formatPercent(softText(value), named.size > 0 ? new Map(named) : tuple(positional));
}

function indent(value: Value, given: CallArguments): string {
  const [width, isFirst, isBlank] = bindArguments('indent', given, [
    ['width', 4],
    ['first', false],
    ['blank', false],
  ]);
  const indention = isText(width) ? textOf(width) : ' '.repeat(wholeNumberOr(width, 4));
  if (!isText(value)) throw typeError(`unsupported operand type(s) for +=: '${typeName(value)}' and 'str'`);
  const [firstLine = '', ...others] = splitLines(`${softText(value)}\n`, false);
  const rest = others.map((line) => `\n${isTruthy(isBlank) || line !== '' ? indention : ''}${line}`).join('');
  return (isTruthy(isFirst) ? indention : '') + firstLine + rest;
}

function truncate(value: Value, given: CallArguments): string {
  const [lengthValue, killsWords, end, leeway] = bindArguments('truncate', given, [
    ['length', 255],
    ['killwords', false],
    ['end', '...'],
    ['leeway', null],
  ]);
  if (!isText(value)) throw typeError(`object of type '${typeName(value)}' cannot be truncated`);
  const [text, ending, length] = [softText(value), str(end), wholeNumberOr(lengthValue, 255)];
  const endLength = characterCount(ending);
  if (length < endLength) throw new PythonError('AssertionError', `expected length >= ${endLength}`);
  if (characterCount(text) <= length + wholeNumberOr(leeway, 5)) return text;
  const cut = textOf(slice(text, [0, length - endLength, null]) as string);
  if (isTruthy(killsWords)) return cut + ending;
  const border = cut.lastIndexOf(' ');
  return (border < 0 ? cut : cut.slice(0, border)) + ending;
}

function trim(value: Value, given: CallArguments): string {
  const [set] = bindArguments('trim', given, [['chars', null]]);
  const strips = stripsOf(set === null ? null : str(set));
  return stripStart(stripEnd(softText(value), strips), strips);
}

function center(value: Value, given: CallArguments): Value {
  const [width] = bindArguments('center', given, [['width', 80]]);
  return textMethod('center')?.(softText(value), { positional: [width], named: NO_NAMED });
}

function replace(value: Value, given: CallArguments): string {
  const [old, fresh, count] = bindArguments('replace', given, ['old', 'new', ['count', null]]);
  return replaceText(str(value), [str(old), str(fresh)], wholeNumberOr(count, -1));
}

function titleWords(text: string): string {
  return text
    .split(/([-\s({[<]+)/)
    .map((word) => {
      const [first = ''] = word;
      return first.toUpperCase() + word.slice(first.length).toLowerCase();
    })
    .join('');
}

function toInteger(value: Value, given: CallArguments): Value {
  const [fallback, base] = bindArguments('int', given, [
    ['default', 0],
    ['base', 10],
  ]);
  if (base !== 10) throw new UnsupportedError('int of another base than 10');
  if (value === undefined) throw new PythonError('UndefinedError', 'a value is undefined');
  if (isInteger(value)) return integerOf(value);
  const number = isFloat(value) ? value : isText(value) ? textToNumber(textOf(value)) : null;
  if (number === null) return fallback;
  if (!isFloat(number)) return number;
  return Number.isFinite(number.value) ? truncated(number.value) : fallback;
}

function textToNumber(text: string): number | bigint | ReturnType<typeof parseFloatText> {
  return parseInteger(text) ?? parseFloatText(text);
}

function toFloat(value: Value, given: CallArguments): Value {
  const [fallback] = bindArguments('float', given, [['default', float(0)]]);
  if (value === undefined) throw new PythonError('UndefinedError', 'a value is undefined');
  if (isNumber(value)) return float(doubleOf(value));
  return (isText(value) ? parseFloatText(textOf(value)) : null) ?? fallback;
}

function toJson(value: Value, given: CallArguments): string {
  const [isAscii, indention, separators, sortsKeys] = bindArguments('tojson', given, [
    ['ensure_ascii', false],
    ['indent', null],
    ['separators', null],
    ['sort_keys', false],
  ]);
  const indentText =
    indention === null
      ? null
      : isText(indention)
        ? textOf(indention)
        : ' '.repeat(wholeNumberOr(indention, 0));
  return printJson(value, {
    isAscii: isTruthy(isAscii),
    indent: indentText,
    separators: separatorsOf(separators, indentText === null ? [', ', ': '] : [',', ': ']),
    sortsKeys: isTruthy(sortsKeys),
  });
}

function separatorsOf(value: Value, fallback: readonly [string, string]): readonly [string, string] {
  if (value === null) return fallback;
  const items = typeof value === 'object' && 'py' in value && value.py === 'tuple' ? value.items : value;
  if (!Array.isArray(items) || items.length !== 2) throw typeError('separators must be a pair');
  const [item, key] = items as readonly Value[];
  return [str(item), str(key)];
}

function wordWrap(value: Value, given: CallArguments): string {
  const [width, breaksLongWords, wrapText, breaksOnHyphens] = bindArguments('wordwrap', given, [
    ['width', 79],
    ['break_long_words', true],
    ['wrapstring', null],
    ['break_on_hyphens', true],
  ]);
  return wrapWords(softText(value), {
    width: wholeNumberOr(width, 79),
    breaksLongWords: isTruthy(breaksLongWords),
    newline: wrapText === null ? '\n' : str(wrapText),
    breaksOnHyphens: isTruthy(breaksOnHyphens),
  });
}

/** Filters that make or change texts. */
export const textFilters: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['capitalize', ofText(capitalize)],
  ['center', center],
  ['e', (value) => markup(escaped(value))],
  ['escape', (value) => markup(escaped(value))],
  ['float', toFloat],
  ['forceescape', (value) => markup(escaped(str(value)))],
  ['format', format],
  ['indent', indent],
  ['int', toInteger],
  ['lower', ofText((text) => text.toLowerCase())],
  ['replace', replace],
  ['safe', (value) => (isMarkup(value) ? value : markup(str(value)))],
  ['string', (value) => (isText(value) ? value : str(value))],
  ['title', ofText(titleWords)],
  ['tojson', toJson],
  ['trim', trim],
  ['truncate', truncate],
  ['upper', ofText((text) => text.toUpperCase())],
  ['wordcount', (value) => [...softText(value).matchAll(/[\p{L}\p{N}_]+/gu)].length],
  ['wordwrap', wordWrap],
]);
