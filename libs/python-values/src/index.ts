export { bindArguments, NO_NAMED, positionalOnly } from './call-arguments.js';
export type { Parameter } from './call-arguments.js';
export {
  characterCount,
  characters,
  hasLoneSurrogate,
  isSpace,
  stripEnd,
  stripsOf,
  stripStart,
} from './characters.js';
export { compare, contains, equals, isTruthy, keyOf, sorted } from './compare.js';
export { dictMethod, listMethod, tupleMethod, unsafeError } from './container-methods.js';
export { fixedPoint, roundDouble, roundInteger } from './fixed-point.js';
export { parseJson } from './json-parse.js';
export { printJson } from './json-print.js';
export type { JsonOptions } from './json-print.js';
export {
  calculate,
  doubleOf,
  integerOf,
  negate,
  parseFloatText,
  parseInteger,
  truncated,
  wholeNumberOr,
} from './numbers.js';
export type { Arithmetic } from './numbers.js';
export { repr, str, viewItems } from './print.js';
export { PythonError, typeError, valueError } from './python-error.js';
export { isIterable, itemAt, iterate, lengthOf, lengthOrNull, listOf, rangeOf, slice } from './sequences.js';
export { capitalize, textQuestions } from './text-case.js';
export { formatPercent } from './text-format.js';
export { replaceText, textMethod } from './text-methods.js';
export { splitLines } from './text-search.js';
export { UnsupportedError } from './unsupported-error.js';
export {
  float,
  isDict,
  isFloat,
  isInteger,
  isList,
  isMarkup,
  isNumber,
  isTagged,
  isText,
  isTuple,
  iterator,
  markup,
  pyFunction,
  textOf,
  tuple,
  typeName,
} from './values.js';
export type { CallArguments, Dict, Key, List, Markup, PyFloat, PyObject, Tagged, Value } from './values.js';
