import { TRACE_BLOCK_TOKENS } from './trace.js';
import type { TraceRequest } from './trace.js';

export type TraceReading =
  | { readonly kind: 'ok'; readonly requests: readonly TraceRequest[] }
  | { readonly kind: 'invalid'; readonly problem: string };

/** Tokens are made from 32 bits of an id: larger ids could collide. */
const HASH_ID_MAX = 2 ** 32 - 1;

/**
 * Reads the first requests of a trace in Mooncake's schema: one JSON object per line with `timestamp` (ms), `input_length`, `output_length`
 * (tokens) and `hash_ids`. The first line that does not hold is the problem; nothing is skipped.
 */
export function readMooncakeTrace(text: string, requestsMax: number): TraceReading {
  const requests: TraceRequest[] = [];
  let startMs: number | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    if (requests.length >= requestsMax) break;
    if (line.trim() === '') continue;
    const fields = parseObject(line);
    if (fields === null) return invalid(index, 'it is no JSON object');
    const { timestamp, input_length: inputTokens, output_length: outputTokens, hash_ids: blockIds } = fields;
    if (!isTime(timestamp)) return invalid(index, `timestamp must be ms, received ${show(timestamp)}`);
    if (!isTokenCount(inputTokens))
      return invalid(
        index,
        `input_length must be a whole number of tokens from 1, received ${show(inputTokens)}`,
      );
    if (!isTokenCount(outputTokens))
      return invalid(
        index,
        `output_length must be a whole number of tokens from 1, received ${show(outputTokens)}`,
      );
    if (!isIdList(blockIds))
      return invalid(index, `hash_ids must be a list of whole numbers from 0 to ${HASH_ID_MAX}`);
    const blockCount = Math.ceil(inputTokens / TRACE_BLOCK_TOKENS);
    if (blockIds.length !== blockCount)
      return invalid(
        index,
        `hash_ids must be ${blockCount} ids for an input_length of ${inputTokens}, received ${blockIds.length}`,
      );
    const arrivalMs: number = timestamp - (startMs ??= timestamp);
    if (arrivalMs < (requests.at(-1)?.arrivalMs ?? 0))
      return invalid(index, `timestamp ${timestamp} is before the line above`);
    requests.push({ arrivalMs, inputTokens, outputTokens, blockIds });
  }
  return requests.length === 0
    ? { kind: 'invalid', problem: 'the trace has no requests' }
    : { kind: 'ok', requests };
}

function invalid(index: number, what: string): TraceReading {
  return { kind: 'invalid', problem: `line ${index + 1}: ${what}` };
}

function parseObject(line: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isTokenCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}

function isIdList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((id) => Number.isInteger(id) && id >= 0 && id <= HASH_ID_MAX);
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
