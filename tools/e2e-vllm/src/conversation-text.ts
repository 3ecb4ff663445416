const WORDS = 'river stone cloud amber forest night engine router cache token paper lamp ocean winter'.split(
  ' ',
);

/** So many words that are the same for the same number. */
export function wordsOf(number: number, count: number): string {
  let state = number * 2_654_435_761 + 1;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return WORDS[state % WORDS.length] ?? '';
  }).join(' ');
}

export interface ChatMessage {
  readonly role: string;
  readonly content: unknown;
  readonly [field: string]: unknown;
}
