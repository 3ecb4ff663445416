import { workerId, type WorkerId } from '@kvasir/units';

/** What `encodeURIComponent` leaves alone although it means something in a subject, a key or a shell. */
const LEFT_OVER = /[.!~*'()]/g;

/** Longest text that goes into one token, in UTF-16 code units. */
export const TOKEN_CHARS_MAX = 256;

/**
 * Writes any text as one token of a NATS subject or Redis key: letters, digits, `_` and `-` stand for themselves, every other byte of its UTF-8 form
 * is `%XX`. Different texts give different tokens; `decodeToken` reads it back.
 * @throws RangeError when the text is empty, longer than `TOKEN_CHARS_MAX` or not well-formed Unicode (a lone surrogate).
 */
export function encodeToken(text: string): string {
  if (text.length === 0 || text.length > TOKEN_CHARS_MAX)
    throw new RangeError(
      `Cannot encode a subject token: length must be 1 to ${TOKEN_CHARS_MAX}, received ${text.length}`,
    );
  try {
    return encodeURIComponent(text).replace(
      LEFT_OVER,
      (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  } catch (cause) {
    throw new RangeError(
      `Cannot encode a subject token: text must be well-formed Unicode, received ${JSON.stringify(text)}`,
      {
        cause,
      },
    );
  }
}

/** The text behind a token, or null when no text encodes to it. */
export function decodeToken(token: string): string | null {
  try {
    const text = decodeURIComponent(token);
    // Only the canonical form counts, so that one text has one subject.
    return encodeToken(text) === token ? text : null;
  } catch {
    return null;
  }
}

/** The worker behind a token, or null. */
export function workerIdOfToken(token: string): WorkerId | null {
  const text = decodeToken(token);
  return text === null ? null : workerId(text);
}
