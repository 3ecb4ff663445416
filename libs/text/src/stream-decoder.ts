import type { Piece } from './byte-level-pieces.js';

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
 * For any tokenizer, by decoding the last ids again with every new one. An incomplete character decodes to one U+FFFD at the
 * end, which is held back until the next id decides. The ids of the last text stay as context, because decoders may treat the
 * first id of a text unlike the others.
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

/** For byte-level vocabularies: one table look-up for ids of whole characters, a streaming UTF-8 decoder for the rest. */
export function createByteLevelDecoder(pieceOf: (id: number) => Piece): StreamDecoder {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  /** Bytes may wait in `utf8`. */
  let isUncertain = false;

  const flush = (): string => {
    isUncertain = false;
    return utf8.decode();
  };

  return {
    push(id) {
      const piece = pieceOf(id);
      switch (piece.kind) {
        case 'nothing':
          return '';
        case 'added':
          return isUncertain ? flush() + piece.text : piece.text;
        case 'text':
          if (!isUncertain) return piece.text;
          isUncertain = false;
          // Ends with a whole character, so no byte of it waits.
          return utf8.decode(piece.bytes, { stream: true });
        case 'bytes':
          isUncertain = true;
          return utf8.decode(piece.bytes, { stream: true });
      }
    },
    flush,
  };
}
