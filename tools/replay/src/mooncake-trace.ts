import { TRACE_BLOCK_TOKENS } from './trace.js';
import type { TraceRequest } from './trace.js';

export type TraceReading =
  | { readonly kind: 'ok'; readonly requests: readonly TraceRequest[] }
  | { readonly kind: 'invalid'; readonly problem: string };

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
    if (!isCount(timestamp, 0)) return invalid(index, `timestamp must be ms, received ${show(timestamp)}`);
    if (!isCount(inputTokens, 1))
      return invalid(index, `input_length must be tokens, received ${show(inputTokens)}`);
    if (!isCount(outputTokens, 1))
      return invalid(index, `output_length must be tokens, received ${show(outputTokens)}`);
    const blockCount = Math.ceil(inputTokens / TRACE_BLOCK_TOKENS);
    if (!isIdList(blockIds) || blockIds.length !== blockCount)
      return invalid(index, `hash_ids must be ${blockCount} ids for an input_length of ${inputTokens}`);
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

function isCount(value: unknown, min: number): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= min;
}

function isIdList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((id) => Number.isSafeInteger(id) && (id as number) >= 0);
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
