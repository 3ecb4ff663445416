/** What a normalizer does at one place of a text, as far as cutting there is concerned. */
export interface Normalization {
  /**
   * The characters that stand on both sides of a place once the whole text is normalized; null when they cannot be told from these two
   * alone, or when normalizing the halves apart is another thing.
   */
  around(left: string, right: string): readonly [left: string, right: string] | null;
  /** The text begins with a mark for a space: what follows a space may be normalized alone, without the space. */
  readonly marksStart: boolean;
}

type Settings = Readonly<Record<string, unknown>>;

/** @param normalize what the tokenizer runs. @returns null for a normalizer whose work cannot be cut. */
export function readNormalization(
  settings: unknown,
  normalize: (text: string) => string,
): Normalization | null {
  if (settings === null || settings === undefined) {
    return { around: (left, right) => [left, right], marksStart: false };
  }
  const steps = flatten(settings as Settings);
  const marksStart = isMarkedStart(steps);
  const rules = (marksStart ? steps.slice(1) : steps).map(ruleOf);
  if (rules.includes(null)) return null;
  return {
    around(left, right) {
      if (marksStart && right !== ' ') return null;
      if (!rules.every((rule) => rule?.(left, right) === true)) return null;
      const before = Array.from(normalize(left)).at(-1);
      const after = Array.from(normalize(right)).at(0);
      return before === undefined || after === undefined ? null : [before, after];
    },
    marksStart,
  };
}

function flatten(settings: Settings): readonly Settings[] {
  if (settings['type'] !== 'Sequence') return [settings];
  return ((settings['normalizers'] ?? []) as readonly Settings[]).flatMap(flatten);
}

/** SentencePiece's form: a mark is put in front of the text, and every space becomes the same mark. */
function isMarkedStart([first, second]: readonly Settings[]): boolean {
  return (
    first?.['type'] === 'Prepend' &&
    second?.['type'] === 'Replace' &&
    replaced(second) === ' ' &&
    second['content'] === first['prepend']
  );
}

/** Whether a place between two characters is left alone by one step. */
type Rule = (left: string, right: string) => boolean;

function ruleOf(step: Settings): Rule | null {
  switch (step['type']) {
    case 'NFC':
    case 'NFD':
      return (left, right) => !JAMO.test(left) && STARTS_ANEW.test(right);
    case 'NFKC':
    case 'NFKD':
      return (left, right) => PLAIN.test(left) && STARTS_ANEW.test(right);
    case 'Lowercase':
      // The last sigma of a word is another letter: what follows must be no part of the word.
      return (left, right) => PLAIN.test(left) && /[ \n]/.test(right);
    case 'StripAccents':
      return () => true;
    case 'Replace': {
      const found = replaced(step);
      const isLocal = found !== null && Array.from(found).length === 1 && step['content'] !== '';
      return isLocal ? () => true : null;
    }
    default:
      return null;
  }
}

function replaced({ pattern }: Settings): string | null {
  const text = (pattern as Settings | undefined)?.['String'];
  return typeof text === 'string' ? text : null;
}

/** Letters that join with those before them though they are no marks. */
const JAMO = /[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]/u;
/** Characters that never join with what is before them, in any form. */
const STARTS_ANEW = /[\0-\x7f\u3001-\u3029\u4e00-\u9fff\uff01-\uff5e]/u;
/** Letters and digits that every form leaves as they are. */
const PLAIN = /[0-9A-Za-z\u4e00-\u9fff]/u;
