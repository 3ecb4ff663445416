import { isSpace } from './characters.js';
import { UnsupportedError } from './unsupported-error.js';

/** The first letter in title case: of letters that become several, such as ß, only the first is a capital. */
function titleLetter(character: string): string {
  const [first = '', ...rest] = Array.from(character.toUpperCase());
  return first + rest.join('').toLowerCase();
}

/** `str.capitalize`. */
export function capitalize(text: string): string {
  const [first = ''] = text;
  return titleLetter(first) + text.slice(first.length).toLowerCase();
}

/** `str.title`: a letter is a capital unless one stands before it. */
export function titleCase(text: string): string {
  return text.replace(/\p{Cased}+/gu, (run) => {
    const [first = ''] = run;
    return titleLetter(first) + run.slice(first.length).toLowerCase();
  });
}

/** `str.swapcase`. */
export function swapCase(text: string): string {
  return text.replace(/\p{Cased}/gu, (letter) =>
    /\p{Lowercase}/u.test(letter) ? letter.toUpperCase() : letter.toLowerCase(),
  );
}

/** Signs that Python counts as digits or numbers and Unicode's letter classes do not tell. */
const RARE_NUMBERS = /[\p{No}〇一二三四五六七八九十百千万亿億兆零壹貳贰叁參肆伍陸陆柒捌玖拾]/u;

function every(pattern: RegExp): (text: string) => boolean {
  return (text) => pattern.test(text);
}

function numeric(pattern: RegExp): (text: string) => boolean {
  return (text) => {
    if (RARE_NUMBERS.test(text)) throw new UnsupportedError('asking whether rare signs are numbers');
    return pattern.test(text);
  };
}

/** Methods of `str` that answer yes or no. */
export const textQuestions = {
  isalnum: every(/^[\p{L}\p{N}]+$/u),
  isalpha: every(/^\p{L}+$/u),
  isascii: every(/^[\x00-\x7f]*$/),
  isdecimal: every(/^\p{Nd}+$/u),
  isdigit: numeric(/^\p{Nd}+$/u),
  isnumeric: numeric(/^\p{N}+$/u),
  isprintable: (text: string): boolean => !/(?! )[\p{C}\p{Z}]/u.test(text),
  islower: (text: string): boolean => /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text),
  isupper: (text: string): boolean => /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text),
  isspace: (text: string): boolean => text !== '' && Array.from(text).every(isSpace),
  istitle: (text: string): boolean => /\p{Cased}/u.test(text) && titleCase(text) === text,
} as const;

export function isQuestion(name: string): name is keyof typeof textQuestions {
  return Object.hasOwn(textQuestions, name);
}
