import { isUtf8 } from 'node:buffer';
import { openAiError } from './errors.js';
import type { OpenAiError } from './errors.js';
import { scanMembers } from './json-members.js';
import type { JsonMember } from './json-members.js';
import { readTokenArray } from './token-array.js';
import type { TokenArray } from './token-array.js';

/** A JSON object as it came, and as values. */
export interface JsonBody {
  /** Owned by the body; not to be changed. */
  readonly bytes: Buffer;
  /** Top-level values. A token-id prompt that was read from the bytes is null here. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Where each top-level member lies; found once, when first asked for. */
  members(): readonly JsonMember[];
}

export type JsonBodyReading =
  | {
      readonly kind: 'ok';
      readonly body: JsonBody;
      /** Ids of the member that was asked for when it is a plain array of them, else null. */
      readonly tokens: Uint32Array | null;
    }
  | { readonly kind: 'invalid'; readonly error: OpenAiError };

/**
 * Reads a JSON object. A member called `tokenKey` that is an array of token ids never becomes JavaScript values: it is read from its bytes,
 * and the rest is parsed around it.
 */
export function readJsonBody(bytes: Uint8Array, tokenKey: string | null = null): JsonBodyReading {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isUtf8(buffer)) {
    return { kind: 'invalid', error: openAiError('invalid_utf8', 'The body is not valid UTF-8') };
  }
  if (tokenKey === null) return readPlain(buffer);
  // Of equal keys the last one counts, as for JSON.parse.
  const found: { at: number; array: TokenArray | null } = { at: 0, array: null };
  const members = scanMembers(buffer, (key, source, valueStart) => {
    if (key !== tokenKey) return -1;
    found.at = valueStart;
    found.array = readTokenArray(source, valueStart);
    return found.array?.end ?? -1;
  });
  if (members === null || found.array === null) return readPlain(buffer);
  const { tokens, end } = found.array;
  const rest = `${buffer.toString('utf8', 0, found.at)}null${buffer.toString('utf8', end)}`;
  const fields = parseObject(rest);
  if (fields === null) return readPlain(buffer);
  return { kind: 'ok', body: { bytes: buffer, fields, members: () => members }, tokens };
}

function readPlain(buffer: Buffer): JsonBodyReading {
  const text = buffer.toString('utf8');
  const fields = parseObject(text);
  if (fields === null) {
    return { kind: 'invalid', error: openAiError('malformed_json', describeMalformed(text)) };
  }
  let members: readonly JsonMember[] | null = null;
  return {
    kind: 'ok',
    body: { bytes: buffer, fields, members: () => (members ??= scanMembers(buffer) ?? []) },
    tokens: null,
  };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Beyond this many characters the engine's own message is cut: it may quote the body. */
const REASON_LENGTH_MAX = 160;

function describeMalformed(text: string): string {
  if (text.trim() === '') return 'The body is empty; it must be a JSON object';
  try {
    JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'it cannot be parsed';
    return `The body is not valid JSON: ${reason.slice(0, REASON_LENGTH_MAX)}`;
  }
  return 'The body must be a JSON object';
}
