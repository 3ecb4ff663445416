import { bindArguments, positionalOnly } from './call-arguments.js';
import { characterCount, stripEnd, stripsOf, stripStart } from './characters.js';
import { typeError } from './python-error.js';
import { wholeNumberOr } from './numbers.js';
import { iterate } from './sequences.js';
import { formatBraces } from './text-format.js';
import { capitalize, isQuestion, swapCase, textQuestions, titleCase } from './text-case.js';
import { find, occurrences, partition, split, splitLines, startsOrEnds } from './text-search.js';
import { UnsupportedError } from './unsupported-error.js';
import { isText, isTuple, isInteger, textOf, typeName } from './values.js';
import type { CallArguments, Value } from './values.js';

type TextMethod = (text: string, given: CallArguments) => Value;

/** A `str` that must be one. @throws PythonError */
function needText(value: Value): string {
  if (isText(value)) return textOf(value);
  throw typeError(`expected str, got ${typeName(value)}`);
}

const noArguments =
  (name: string, method: (text: string) => Value): TextMethod =>
  (text, given) => {
    positionalOnly(name, given, [0, 0]);
    return method(text);
  };

const strip =
  (name: string, sides: { readonly start: boolean; readonly end: boolean }): TextMethod =>
  (text, given) => {
    const [set = null] = positionalOnly(name, given, [0, 1]);
    const strips = stripsOf(set === null ? null : needText(set));
    const started = sides.start ? stripStart(text, strips) : text;
    return sides.end ? stripEnd(started, strips) : started;
  };

const padded =
  (name: string, align: (missing: number, width: number) => number): TextMethod =>
  (text, given) => {
    const [width, fill = ' '] = positionalOnly(name, given, [1, 2]);
    if (!isInteger(width)) throw typeError(`'${typeName(width)}' object cannot be interpreted as an integer`);
    const filling = needText(fill);
    if (characterCount(filling) !== 1)
      throw typeError('The fill character must be exactly one character long');
    const missing = Number(width) - characterCount(text);
    if (missing <= 0) return text;
    const left = align(missing, Number(width));
    return filling.repeat(left) + text + filling.repeat(missing - left);
  };

const splitter =
  (name: string, isFromEnd: boolean): TextMethod =>
  (text, given) => {
    const [separator, most] = bindArguments(name, given, [
      ['sep', null],
      ['maxsplit', -1],
    ]);
    return split(text, {
      separator: separator === null ? null : needText(separator),
      splitsMax: wholeNumberOr(most, -1),
      isFromEnd,
    });
  };

const partitioner =
  (name: string, isFromEnd: boolean): TextMethod =>
  (text, given) => {
    const [separator] = positionalOnly(name, given, [1, 1]);
    return partition(text, needText(separator), isFromEnd);
  };

const finder =
  (name: string, isLast: boolean, mustExist: boolean): TextMethod =>
  (text, given) => {
    const [wanted, start = null, stop = null] = positionalOnly(name, given, [1, 3]);
    return find(text, needText(wanted), { start, stop, isLast, mustExist });
  };

const fixedEnd =
  (name: string, isEnd: boolean): TextMethod =>
  (text, given) => {
    const [wanted, start = null, stop = null] = positionalOnly(name, given, [1, 3]);
    const candidates = isTuple(wanted) ? wanted.items : [wanted];
    return startsOrEnds(text, candidates.map(needText), { start, stop, isEnd });
  };

function join(text: string, given: CallArguments): string {
  const [items] = positionalOnly('join', given, [1, 1]);
  return [...iterate(items)]
    .map((item, index) => {
      if (isText(item)) return textOf(item);
      throw typeError(`sequence item ${index}: expected str instance, ${typeName(item)} found`);
    })
    .join(text);
}

function replace(text: string, given: CallArguments): string {
  const [old, fresh, count = -1] = positionalOnly('replace', given, [2, 3]);
  return replaceText(text, [needText(old), needText(fresh)], wholeNumberOr(count, -1));
}

/** `text.replace(old, new, count)`; every one when the count is below zero. */
export function replaceText(text: string, [old, fresh]: readonly [string, string], count: number): string {
  if (count < 0 && old !== '') return text.replaceAll(old, () => fresh);
  const parts = old === '' ? ['', ...Array.from(text), ''] : text.split(old);
  const replaced = count < 0 ? parts.length - 1 : Math.min(count, parts.length - 1);
  return (
    parts
      .slice(0, replaced)
      .map((part) => part + fresh)
      .join('') + parts.slice(replaced).join(old)
  );
}

function expandTabs(text: string, given: CallArguments): string {
  const [size] = bindArguments('expandtabs', given, [['tabsize', 8]]);
  const width = wholeNumberOr(size, 8);
  let column = 0;
  return Array.from(text, (character) => {
    if (character === '\n' || character === '\r') column = 0;
    else if (character !== '\t') column += 1;
    else if (width > 0) {
      const spaces = width - (column % width);
      column += spaces;
      return ' '.repeat(spaces);
    } else return '';
    return character;
  }).join('');
}

function zeroFill(text: string, given: CallArguments): string {
  const [width] = positionalOnly('zfill', given, [1, 1]);
  const missing = wholeNumberOr(width, 0) - characterCount(text);
  if (missing <= 0) return text;
  const signLength = /^[-+]/.test(text) ? 1 : 0;
  return text.slice(0, signLength) + '0'.repeat(missing) + text.slice(signLength);
}

function removeEnd(name: string, isStart: boolean): TextMethod {
  return (text, given) => {
    const [value] = positionalOnly(name, given, [1, 1]);
    const affix = needText(value);
    if (affix === '') return text;
    if (isStart) return text.startsWith(affix) ? text.slice(affix.length) : text;
    return text.endsWith(affix) ? text.slice(0, -affix.length) : text;
  };
}

const METHODS: ReadonlyMap<string, TextMethod> = new Map<string, TextMethod>(
  Object.entries<TextMethod>({
    capitalize: noArguments('capitalize', capitalize),
    casefold: noArguments('casefold', (text) => {
      if (!/^[\x00-\x7f]*$/.test(text)) throw new UnsupportedError('casefold of other than ASCII');
      return text.toLowerCase();
    }),
    center: padded('center', (missing, width) => Math.floor(missing / 2) + (missing & width & 1)),
    count: (text: string, given: CallArguments) => {
      const [wanted, start = null, stop = null] = positionalOnly('count', given, [1, 3]);
      return occurrences(text, needText(wanted), { start, stop });
    },
    endswith: fixedEnd('endswith', true),
    expandtabs: expandTabs,
    find: finder('find', false, false),
    format: formatBraces,
    index: finder('index', false, true),
    join,
    ljust: padded('ljust', () => 0),
    lower: noArguments('lower', (text) => text.toLowerCase()),
    lstrip: strip('lstrip', { start: true, end: false }),
    partition: partitioner('partition', false),
    removeprefix: removeEnd('removeprefix', true),
    removesuffix: removeEnd('removesuffix', false),
    replace,
    rfind: finder('rfind', true, false),
    rindex: finder('rindex', true, true),
    rjust: padded('rjust', (missing) => missing),
    rpartition: partitioner('rpartition', true),
    rsplit: splitter('rsplit', true),
    rstrip: strip('rstrip', { start: false, end: true }),
    split: splitter('split', false),
    splitlines: (text: string, given: CallArguments) => {
      const [keepsEnds] = bindArguments('splitlines', given, [['keepends', false]]);
      return splitLines(text, keepsEnds === true || keepsEnds === 1);
    },
    startswith: fixedEnd('startswith', false),
    strip: strip('strip', { start: true, end: true }),
    swapcase: noArguments('swapcase', swapCase),
    title: noArguments('title', titleCase),
    upper: noArguments('upper', (text) => text.toUpperCase()),
    zfill: zeroFill,
  }),
);

/** Methods of `str` that Python has and this library does not. */
const MISSING = new Set(['encode', 'format_map', 'isidentifier', 'maketrans', 'translate']);

/** A method of `str` by name; null when Python has none. @throws UnsupportedError for one that is missing here. */
export function textMethod(name: string): TextMethod | null {
  const method = METHODS.get(name);
  if (method !== undefined) return method;
  if (isQuestion(name)) return noArguments(name, textQuestions[name]);
  if (MISSING.has(name)) throw new UnsupportedError(`str.${name}`);
  return null;
}
