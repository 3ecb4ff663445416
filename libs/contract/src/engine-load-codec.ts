import type { KvSource } from './subjects.js';
import { bytesOf, malformed, MESSAGE_TYPES, readMessage, WireHeader, type Malformed } from './wire-words.js';

/** What an engine says of one rank. */
export interface EngineLoad {
  readonly runningRequests: number;
  readonly waitingRequests: number;
  /** Part of the KV cache in use, 0 to 1; null when the engine does not say. */
  readonly kvUsage: number | null;
}

export interface EngineLoadReport {
  readonly source: KvSource;
  readonly load: EngineLoad;
}

/** Requests that one rank can have, running or waiting; beyond it a report is no report of an engine. */
export const ENGINE_REQUESTS_MAX = 16_777_216;

const LOAD_WORDS = 3;
/** KV usage travels in ten-thousandths. */
const USAGE_STEPS = 10_000;
const USAGE_UNKNOWN = 0xffff_ffff;

/** The header and 3 words: running, waiting, KV usage. Counts beyond `ENGINE_REQUESTS_MAX` are cut off. */
export function encodeEngineLoad({ source, load }: EngineLoadReport): Uint8Array {
  const header = new WireHeader(source);
  const message = header.begin(MESSAGE_TYPES.engineLoad, 0, 0, LOAD_WORDS);
  const { runningRequests, waitingRequests, kvUsage } = load;
  const usage =
    kvUsage === null ? USAGE_UNKNOWN : Math.round(Math.min(1, Math.max(0, kvUsage)) * USAGE_STEPS);
  message.set([clamped(runningRequests), clamped(waitingRequests), usage], header.words.length);
  return bytesOf(message);
}

/** Never throws and never reads outside `bytes`. */
export function decodeEngineLoad(
  bytes: Uint8Array,
): { readonly kind: 'load'; readonly report: EngineLoadReport } | Malformed {
  const message = readMessage(bytes);
  if (message.kind === 'malformed') return message;
  const { type, words, bodyStart, source } = message;
  if (type !== MESSAGE_TYPES.engineLoad) return malformed(`message type ${type} is no load report`);
  const [runningRequests, waitingRequests, usage, more] = words.subarray(bodyStart);
  if (
    runningRequests === undefined ||
    waitingRequests === undefined ||
    usage === undefined ||
    more !== undefined
  )
    return malformed(`a load report has ${LOAD_WORDS} words, not ${words.length - bodyStart}`);
  if (runningRequests > ENGINE_REQUESTS_MAX || waitingRequests > ENGINE_REQUESTS_MAX)
    return malformed(`${runningRequests} running and ${waitingRequests} waiting requests`);
  if (usage > USAGE_STEPS && usage !== USAGE_UNKNOWN)
    return malformed(`a KV usage of ${usage} ten-thousandths`);
  const kvUsage = usage === USAGE_UNKNOWN ? null : usage / USAGE_STEPS;
  return { kind: 'load', report: { source, load: { runningRequests, waitingRequests, kvUsage } } };
}

/** A count that an engine states as no number is none. */
const clamped = (count: number): number => Math.min(ENGINE_REQUESTS_MAX, Math.max(0, Math.floor(count) || 0));
