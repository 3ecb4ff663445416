/** What a client had of one request when it was over. */
export interface Received {
  /** Null when no head came. */
  readonly status: number | null;
  /** Text of the answer so far. */
  readonly text: string;
  /** It ended as a whole answer does: `[DONE]`, or the last byte of a JSON object with a finish reason. */
  readonly isFinished: boolean;
  /** An error event in the stream. */
  readonly error: string | null;
  /** Longest time without a byte, the wait for the first one included, in ms. */
  readonly silentMs: number;
}

/**
 * `right`: all of it, as an undisturbed engine says it. `refused`: an error status, nothing of an answer. `broken`: begun, and said to have failed
 * (an error event, a cut connection). `truncated`: said to be whole, and is not. `wrong`: something else than the engine says.
 */
export type Verdict = 'right' | 'refused' | 'broken' | 'truncated' | 'wrong';

/** Judges what a client got. @param expected the answer of an undisturbed engine. */
export function judge(received: Received, expected: string): Verdict {
  const { status, text, isFinished, error } = received;
  if (!expected.startsWith(text)) return 'wrong';
  if (status !== null && status !== 200) return 'refused';
  if (error !== null || !isFinished) return 'broken';
  return text === expected ? 'right' : 'truncated';
}

/** Nothing for longer than this counts as hung, however it ended. */
export const HUNG_MS = 10_000;

export function isHung({ silentMs }: Received): boolean {
  return silentMs > HUNG_MS;
}
