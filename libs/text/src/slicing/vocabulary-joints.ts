import type { TokenizerJson } from '../tokenizer-json.js';

/** Whether a BPE vocabulary can join two characters to one token; told for those that may follow a cut. */
export interface VocabularyJoints {
  /** False when no token and no merge has `left` directly before `right`, and both are tokens by themselves. */
  mayJoin(left: string, right: string): boolean;
}

/** Characters that may stand behind a cut where pieces do not end: a mark for a space, a space, the end of a line. */
const RIGHT_SIDES = ['\u2581', ' ', '\n'] as const;

/** @returns null when the model is no BPE, or marks where words end. */
export function readJoints({ model }: TokenizerJson): VocabularyJoints | null {
  const { vocab, merges } = model ?? {};
  if (vocab === undefined || merges === undefined || Array.isArray(vocab)) return null;
  if ((model?.end_of_word_suffix ?? '') !== '' || (model?.continuing_subword_prefix ?? '') !== '')
    return null;
  let before: ReadonlyMap<string, ReadonlySet<string>> | null = null;
  return {
    mayJoin(left, right) {
      // Hundreds of thousands of tokens are gone through; most tokenizers end pieces everywhere and never ask.
      before ??= findJoints(Object.keys(vocab), merges);
      const lefts = before.get(right);
      return lefts === undefined || lefts.has(left) || !(left in vocab) || !(right in vocab);
    },
  };
}

function findJoints(
  tokens: readonly string[],
  merges: readonly (string | readonly string[])[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const before = new Map<string, Set<string>>(RIGHT_SIDES.map((right) => [right, new Set()]));
  for (const token of tokens) addJoints(before, token);
  for (const merge of merges) {
    addJoints(before, typeof merge === 'string' ? merge.replace(' ', '') : merge.join(''));
  }
  return before;
}

function addJoints(before: ReadonlyMap<string, Set<string>>, token: string): void {
  for (const [right, lefts] of before) {
    for (let at = token.indexOf(right, 1); at > 0; at = token.indexOf(right, at + 1)) {
      const left = Array.from(token.slice(Math.max(0, at - 2), at)).at(-1);
      if (left !== undefined) lefts.add(left);
    }
  }
}
