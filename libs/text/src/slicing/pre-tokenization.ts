import { byteSymbols } from '../byte-symbols.js';
import { readReach } from './pattern-reach.js';
import type { PatternReach } from './pattern-reach.js';

/** What one step of a pre-tokenizer does at a place between two characters that it is given. */
export type PreTokenizerStep =
  /** Splits at the matches of a pattern; what lies between them is dropped, or is a piece too. */
  | { readonly kind: 'split'; readonly reach: PatternReach; readonly dropsGaps: boolean }
  /** Puts a space before a text that begins with none. */
  | { readonly kind: 'prefix' }
  /** Writes spaces as another character, and puts one before a text that begins with none unless `neverPrefixes`. */
  | { readonly kind: 'metaspace'; readonly replacement: string; readonly neverPrefixes: boolean }
  /** Writes bytes as symbols. */
  | { readonly kind: 'bytes' };

type Settings = Readonly<Record<string, unknown>>;

/**
 * @param settings of `tokenizer.json`.
 * @param running what the library made of them: its patterns are those that count.
 * @returns null when a step is not known well enough.
 */
export function readPreTokenizer(settings: unknown, running: unknown): readonly PreTokenizerStep[] | null {
  if (settings === null || settings === undefined) return [];
  const { type, pretokenizers, ...rest } = settings as Settings;
  const made = (running ?? {}) as Settings;
  switch (type) {
    case 'Sequence':
      return readSequence((pretokenizers ?? []) as readonly unknown[], made['tokenizers']);
    case 'Split':
      return readSplit(made['pattern'], rest['invert'] === true);
    case 'Digits':
      return readSplit(made['pattern'], true);
    case 'ByteLevel':
      return readByteLevel(made);
    case 'Metaspace':
      return readMetaspace(made);
    default:
      return null;
  }
}

function readSequence(settings: readonly unknown[], running: unknown): readonly PreTokenizerStep[] | null {
  if (!Array.isArray(running)) return null;
  const steps: PreTokenizerStep[] = [];
  for (const [index, each] of settings.entries()) {
    const read = readPreTokenizer(each, running[index]);
    if (read === null) return null;
    steps.push(...read);
  }
  return steps;
}

function readSplit(pattern: unknown, dropsGaps: boolean): readonly PreTokenizerStep[] | null {
  const reach = pattern instanceof RegExp ? readReach(pattern) : null;
  return reach === null ? null : [{ kind: 'split', reach, dropsGaps }];
}

function readByteLevel(made: Settings): readonly PreTokenizerStep[] | null {
  const split = made['use_regex'] === true ? readSplit(made['pattern'], true) : [];
  if (split === null) return null;
  const prefix: readonly PreTokenizerStep[] = made['add_prefix_space'] === true ? [{ kind: 'prefix' }] : [];
  return [...prefix, ...split, { kind: 'bytes' }];
}

function readMetaspace(made: Settings): readonly PreTokenizerStep[] | null {
  const { str_rep: replacement, replacement: mark, prepend_scheme: scheme } = made;
  if (typeof replacement !== 'string' || Array.from(replacement).length !== 1 || replacement !== mark) {
    return null;
  }
  return [{ kind: 'metaspace', replacement, neverPrefixes: scheme === 'never' }];
}

/** A place between two characters after a pre-tokenizer: what the model sees there, and whether pieces end there for certain. */
export interface PreTokenizedPlace {
  readonly left: string;
  readonly right: string;
  readonly isBorder: boolean;
}

/** @returns null when cutting there may change the pieces elsewhere. */
export function preTokenizePlace(
  steps: readonly PreTokenizerStep[],
  [left, right]: readonly [string, string],
): PreTokenizedPlace | null {
  let place: PreTokenizedPlace = { left, right, isBorder: false };
  for (const step of steps) {
    const next = passStep(step, place);
    if (next === null) return null;
    place = next;
  }
  return place;
}

function passStep(step: PreTokenizerStep, place: PreTokenizedPlace): PreTokenizedPlace | null {
  const { left, right, isBorder } = place;
  switch (step.kind) {
    case 'split':
      if (isBorder) return place;
      if (step.reach.crosses(left, right)) return null;
      return { left, right, isBorder: step.dropsGaps || step.reach.begins(right) };
    case 'prefix':
      return isBorder || right === ' ' ? place : null;
    case 'metaspace': {
      if (!isBorder && !step.neverPrefixes && right !== ' ') return null;
      const written = (character: string): string => (character === ' ' ? step.replacement : character);
      return { left: written(left), right: written(right), isBorder };
    }
    case 'bytes':
      return { left: symbolOf(left, -1), right: symbolOf(right, 0), isBorder };
  }
}

const utf8 = new TextEncoder();

/** The symbol of a character's first (0) or last (-1) byte. */
function symbolOf(character: string, at: 0 | -1): string {
  return byteSymbols[utf8.encode(character).at(at) ?? 0] ?? '';
}
