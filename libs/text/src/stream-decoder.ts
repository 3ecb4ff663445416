/** Turns ids that arrive one by one into text; what `push` and `flush` return adds up to the decoded whole. */
export interface StreamDecoder {
  /** Text that is certain after this id; empty while a character's bytes are incomplete. */
  push(id: number): string;
  /** What is left at the end of the stream: incomplete bytes as U+FFFD. */
  flush(): string;
}

/** Ids that may wait for a character to end, beyond which its bytes are broken and given as U+FFFD: keeps the work per id bounded. */
const PENDING_IDS_MAX = 64;
const REPLACEMENT = '\uFFFD';

/**
 * An incomplete character decodes to one U+FFFD at the end, which is held back until the next id decides.
 * The ids of the last text stay as context, because decoders may treat the first id of a text unlike the others.
 */
export function createStreamDecoder(decode: (ids: readonly number[]) => string): StreamDecoder {
  let context: number[] = [];
  let contextLength = 0;
  let pending: number[] = [];
  let givenLength = 0;

  const pendingText = (): string => decode([...context, ...pending]).slice(contextLength);
  const settle = (text: string): string => {
    const fresh = text.slice(givenLength);
    // Ids without text, such as special tokens, are no context.
    if (text !== '') {
      context = pending;
      contextLength = decode(context).length;
    }
    pending = [];
    givenLength = 0;
    return fresh;
  };

  return {
    push(id) {
      pending.push(id);
      const text = pendingText();
      if (!text.endsWith(REPLACEMENT) || pending.length >= PENDING_IDS_MAX) return settle(text);
      const fresh = text.slice(givenLength, -1);
      givenLength += fresh.length;
      return fresh;
    },
    flush: () => (pending.length === 0 ? '' : settle(pendingText())),
  };
}
