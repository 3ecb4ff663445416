import { statusOfError, UNNAMED_ERROR_STATUS } from '@kvasir/worker-health';
import { readEngineError } from './errors.js';
import type { OpenAiError } from './errors.js';
import { isRecord } from './request-fields.js';

/** Every error object has it, as a name or as the value of `object`; escaped quotes keep text from looking like it. */
const MARK = '"error"';
/** Begins as an error does, but is no JSON. */
const BROKEN_ERROR = /^\s*\{\s*("object"\s*:\s*)?"error"/;

/**
 * Reads an error that an engine tells within a 200 answer: `{"error":{…}}`, `{"error":"…"}` or `{"object":"error",…}`, as the payload of an event or as
 * the whole body. Its status is what its own `code` or `type` says. `"error":null` and answers with choices are no errors.
 * Parses only where the bytes say that there may be one.
 * @returns null when it is none.
 */
export function readErrorPayload(payload: Buffer): OpenAiError | null {
  if (!payload.includes(MARK)) return null;
  const text = payload.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return BROKEN_ERROR.test(text) ? readEngineError(UNNAMED_ERROR_STATUS, payload) : null;
  }
  if (!isRecord(value)) return null;
  const { error, choices } = value;
  if (Array.isArray(choices) && choices.length > 0) return null;
  if (isRecord(error)) return readEngineError(statusOfError(error), payload);
  if (typeof error === 'string' && error !== '') return readEngineError(statusOfError(value), payload);
  return value['object'] === 'error' ? readEngineError(statusOfError(value), payload) : null;
}
