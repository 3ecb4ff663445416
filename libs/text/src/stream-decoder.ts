/** Turns ids that arrive one by one into text; what `push` and `flush` return adds up to the decoded whole. */
export interface StreamDecoder {
  /** Text that is certain after this id; empty while a character's bytes are incomplete. */
  push(id: number): string;
  /** What is left at the end of the stream: incomplete bytes as U+FFFD. */
  flush(): string;
}

/** Longest UTF-8 sequence in bytes: text that still ends in U+FFFD after so many ids is broken, not incomplete. */
const INCOMPLETE_IDS_MAX = 4;
const REPLACEMENT = '\uFFFD';

/**
 * Keeps the ids of the last text given out as context, because decoders may treat the first id of a text unlike the others.
 * O(ids since the last text) per id, so constant over a stream.
 */
export function createStreamDecoder(decode: (ids: readonly number[]) => string): StreamDecoder {
  let context: number[] = [];
  let pending: number[] = [];
  const take = (): string => {
    const whole = decode([...context, ...pending]);
    const fresh = whole.slice(decode(context).length);
    context = pending;
    pending = [];
    return fresh;
  };
  return {
    push(id) {
      pending.push(id);
      const isIncomplete = decode([...context, ...pending]).endsWith(REPLACEMENT);
      return isIncomplete && pending.length < INCOMPLETE_IDS_MAX ? '' : take();
    },
    flush: () => (pending.length === 0 ? '' : take()),
  };
}
