import type { TokenizerCalls } from '../load-tokenizer.js';
import type { AddedToken, TokenizerJson } from '../tokenizer-json.js';
import { readNormalization } from './normalization.js';
import type { Normalization } from './normalization.js';
import { preTokenizePlace, readPreTokenizer } from './pre-tokenization.js';
import type { PreTokenizerStep } from './pre-tokenization.js';
import { readJoints } from './vocabulary-joints.js';
import type { VocabularyJoints } from './vocabulary-joints.js';

/** One slice of a text ends at `end`, the next begins at `next`; a character between them must be left out. */
export interface SliceBorder {
  readonly end: number;
  readonly next: number;
}

/**
 * Where any text may be cut so that the ids of its parts, encoded one by one, are those of the whole: behind a letter or digit when, for
 * the two characters there, nothing that the tokenizer does looks across, and either a piece certainly ends there or the vocabulary cannot join
 * them. Worked out from the tokenizer's settings, pair by pair.
 */
export class SliceBorders {
  readonly #rules: CutRules;
  readonly #known = new Map<string, boolean>();

  constructor(rules: CutRules) {
    this.#rules = rules;
  }

  /** The last border in (`from`, `to`], else null. */
  lastWithin(text: string, from: number, to: number): SliceBorder | null {
    for (let at = Math.min(to, text.length - 1); at > from; at -= 1) {
      const border = this.#at(text, at);
      if (border !== null) return border;
    }
    return null;
  }

  /** The first border in (`from`, `to`], else null. */
  firstWithin(text: string, from: number, to: number): SliceBorder | null {
    const last = Math.min(to, text.length - 1);
    for (let at = from + 1; at <= last; at += 1) {
      const border = this.#at(text, at);
      if (border !== null) return border;
    }
    return null;
  }

  #at(text: string, at: number): SliceBorder | null {
    const left = characterBefore(text, at);
    if (!WORD.test(left)) return null;
    const right = characterAt(text, at);
    if (!this.#separates(left, right)) return null;
    if (!this.#rules.normalization.marksStart) return { end: at, next: at };
    // The space is left out: the next slice is marked as the beginning of a text, by the same character.
    const follower = characterAt(text, at + 1);
    return follower === '' || this.#rules.tokenStarts.has(follower) ? null : { end: at, next: at + 1 };
  }

  #separates(left: string, right: string): boolean {
    const pair = left + right;
    const known = this.#known.get(pair);
    if (known !== undefined) return known;
    const separates = judge(this.#rules, left, right);
    if (this.#known.size >= PAIRS_MAX) this.#known.clear();
    this.#known.set(pair, separates);
    return separates;
  }
}

/** Pairs of characters that are remembered. */
const PAIRS_MAX = 16_384;
/** What may stand before a cut. */
const WORD = /^[\p{L}\p{N}]$/u;
const MARK = /^\p{M}$/u;

export interface CutRules {
  readonly normalization: Normalization;
  readonly steps: readonly PreTokenizerStep[];
  /** Null when nothing is known of what the model joins: only borders of pieces count. */
  readonly joints: VocabularyJoints | null;
  /** Unknown characters that stand side by side become one token, over all pieces. */
  readonly fusesUnknown: boolean;
  /** Texts of added tokens, also as they are normalized: none may be cut. */
  readonly tokenPairs: ReadonlySet<string>;
  /** Their first characters. */
  readonly tokenStarts: ReadonlySet<string>;
}

function judge(rules: CutRules, left: string, right: string): boolean {
  if (right === '' || MARK.test(right) || rules.tokenPairs.has(left + right)) return false;
  const around = rules.normalization.around(left, right);
  if (around === null || rules.tokenPairs.has(around.join(''))) return false;
  const place = preTokenizePlace(rules.steps, around);
  if (place === null) return false;
  const mayJoin = rules.joints?.mayJoin(place.left, place.right) ?? true;
  return place.isBorder && !rules.fusesUnknown ? true : !mayJoin;
}

export interface SliceSources {
  readonly json: TokenizerJson;
  readonly config: Readonly<Record<string, unknown>>;
  readonly addedTokens: ReadonlyMap<string, AddedToken>;
  readonly tokenizer: TokenizerCalls;
}

/** @returns null when texts of this tokenizer can be encoded in one go only, or when trying it out contradicts the reasoning. */
export function findSliceBorders({
  json,
  config,
  addedTokens,
  tokenizer,
}: SliceSources): SliceBorders | null {
  if (config['remove_space'] === true || config['do_lowercase_and_remove_accent'] === true) return null;
  if (json.model?.type !== undefined && json.model.type !== 'BPE') return null;
  const normalize = (text: string): string => tokenizer.normalizer?.(text) ?? text;
  const normalization = readNormalization(json.normalizer, normalize);
  const steps = readPreTokenizer(json.pre_tokenizer, tokenizer.pre_tokenizer);
  if (normalization === null || steps === null) return null;
  const texts = [...addedTokens.keys()];
  if ([...addedTokens].some(([text, { strips }]) => strips && /[\p{L}\p{N}]$/u.test(text))) return null;
  const fusesUnknown = json.model?.fuse_unk === true;
  const borders = new SliceBorders({
    normalization,
    steps,
    joints: readJoints(json),
    fusesUnknown,
    tokenPairs: new Set([...texts, ...texts.map(normalize)].flatMap(pairsOf)),
    tokenStarts: new Set(texts.map((text) => characterAt(text, 0))),
  });
  return PROBES.every((probe) => holds(borders, probe, tokenizer)) ? borders : null;
}

function pairsOf(text: string): readonly string[] {
  const characters = Array.from(text);
  return characters.slice(1).map((right, index) => (characters[index] ?? '') + right);
}

/** Cut wherever they may be. */
const PROBES: readonly string[] = [
  'The quick  brown fox, 12 of them\nsaid: "don\'t".\n\n  Then they left 3.5 km/h behind',
  'def f(x):\n\treturn x*2  # comment\r\nclass A:\n    pass',
  'café naïve Ünïcode, 鯨と港。三千、 e\u0301te İstanbul ΟΔΟΣ end 🧊 of it',
];

function holds(borders: SliceBorders, text: string, tokenizer: TokenizerCalls): boolean {
  const encode = (part: string): number[] => tokenizer.encode(part, { add_special_tokens: false }).ids;
  const ids: number[] = [];
  let start = 0;
  for (let border = borders.firstWithin(text, start, text.length); border !== null;) {
    ids.push(...encode(text.slice(start, border.end)));
    start = border.next;
    border = borders.firstWithin(text, start, text.length);
  }
  ids.push(...encode(text.slice(start)));
  const whole = encode(text);
  return whole.length === ids.length && whole.every((id, index) => id === ids[index]);
}

/** The character that begins at a place; empty when there is none, or when the place is within one. */
function characterAt(text: string, at: number): string {
  const codePoint = text.codePointAt(at);
  if (codePoint === undefined || (isTrailing(text, at) && isLeading(text, at - 1))) return '';
  return String.fromCodePoint(codePoint);
}

/** The character that ends at a place. */
function characterBefore(text: string, at: number): string {
  const isPair = isTrailing(text, at - 1) && isLeading(text, at - 2);
  return text.slice(isPair ? at - 2 : at - 1, at);
}

const isLeading = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xd800;
const isTrailing = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xdc00;
