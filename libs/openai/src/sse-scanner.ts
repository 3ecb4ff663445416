import { readErrorPayload } from './error-payload.js';
import type { OpenAiError } from './errors.js';
import { isRecord } from './request-fields.js';
import { patchUsage } from './usage.js';
import type { TokenUsage } from './usage.js';

export interface SseScannerOptions {
  /** Written into each `usage` that passes; null leaves the stream as it is. */
  readonly cachedTokens: number | null;
  /** An event longer than this passes unread. */
  readonly eventBytesMax?: number;
}

/** Longest event that is read, in bytes. Engines' events have some hundreds; logprobs and tool calls some thousands. */
export const EVENT_BYTES_MAX = 1_048_576;

/** Events without text that may come before one is taken for the first token anyway (an engine of an unknown chunk shape). */
const EMPTY_EVENTS_MAX = 8;

/**
 * Follows a stream of server-sent events on its bytes while it is relayed: counts events that carry tokens, finds the first token, usage,
 * finish, `[DONE]` and errors, wherever chunks are cut. Parses JSON only up to the first token and where the bytes say there is a usage or an error.
 *
 * Without a patch, chunks pass untouched. With one, the end of a chunk is held back while an event is incomplete (at most `eventBytesMax`).
 */
export class SseScanner {
  readonly #cachedTokens: number | null;
  readonly #eventBytesMax: number;
  /** Start of an event whose end has not come. */
  #tail: Buffer | null = null;
  /** In an event that is too long to be read, whose bytes pass: the last of them, for the blank line may be cut too. Null outside of one. */
  #skipped: Buffer | null = null;
  #emptyEvents = 0;
  #tokenEvents = 0;
  #oversizedEvents = 0;
  #hasFirstToken = false;
  #isDone = false;
  #isFinished = false;
  #usage: TokenUsage | null = null;
  #error: OpenAiError | null = null;

  constructor(options: SseScannerOptions) {
    this.#cachedTokens = options.cachedTokens;
    this.#eventBytesMax = options.eventBytesMax ?? EVENT_BYTES_MAX;
  }

  /** Events that carried generated tokens, from the first token on; an engine that sends one token per event makes it a token count. */
  get tokenEvents(): number {
    return this.#tokenEvents;
  }
  get hasFirstToken(): boolean {
    return this.#hasFirstToken;
  }
  /** A choice has a finish reason. */
  get isFinished(): boolean {
    return this.#isFinished;
  }
  /** `[DONE]` has come. */
  get isDone(): boolean {
    return this.#isDone;
  }
  /** The last one seen, as patched. */
  get usage(): TokenUsage | null {
    return this.#usage;
  }
  /** The first error event. */
  get error(): OpenAiError | null {
    return this.#error;
  }
  get oversizedEvents(): number {
    return this.#oversizedEvents;
  }

  /**
   * Takes the next bytes of the stream.
   * @param chunk may be kept until the next call; not to be changed.
   * @returns what to relay now: the chunk itself where nothing had to be changed, possibly empty.
   */
  push(chunk: Buffer): Buffer {
    if (this.#skipped !== null) return this.#skip(this.#skipped, chunk);
    const bytes = this.#tail === null ? chunk : Buffer.concat([this.#tail, chunk]);
    const isPatching = this.#cachedTokens !== null;
    let patched: Buffer[] | null = null;
    let relayedTo = 0;
    let from = 0;
    for (;;) {
      const end = eventEnd(bytes, from);
      if (end < 0) break;
      const replacement = this.#readEvent(bytes, from, end);
      if (replacement !== null) {
        patched ??= [];
        patched.push(bytes.subarray(relayedTo, from), replacement);
        relayedTo = end;
      }
      from = end;
    }
    const tooLong = bytes.length - from > this.#eventBytesMax;
    if (tooLong) {
      this.#oversizedEvents += 1;
      this.#skipped = lastBytes(bytes);
    }
    // A copy: the chunk may be a view of a buffer that the transport uses again.
    this.#tail = from === bytes.length || tooLong ? null : Buffer.from(bytes.subarray(from));
    if (!isPatching) return chunk;
    const upTo = tooLong ? bytes.length : from;
    if (patched === null) return upTo === bytes.length ? bytes : bytes.subarray(0, upTo);
    patched.push(bytes.subarray(relayedTo, upTo));
    return Buffer.concat(patched);
  }

  /** What was held back when the stream has ended in the middle of an event; empty when nothing was. */
  end(): Buffer {
    const held = this.#tail;
    this.#tail = null;
    return held !== null && this.#cachedTokens !== null ? held : EMPTY;
  }

  #skip(skipped: Buffer, chunk: Buffer): Buffer {
    const bytes = Buffer.concat([skipped, chunk]);
    // Never within what was skipped before: it would have been found then.
    const end = eventEnd(bytes, 0) - skipped.length;
    if (end <= 0) {
      this.#skipped = lastBytes(bytes);
      return chunk;
    }
    this.#skipped = null;
    if (end === chunk.length) return chunk;
    const rest = this.push(chunk.subarray(end));
    return this.#cachedTokens === null ? chunk : Buffer.concat([chunk.subarray(0, end), rest]);
  }

  /** @returns what the event becomes, or null when it stays. */
  #readEvent(bytes: Buffer, start: number, end: number): Buffer | null {
    const payloadStart = singleLinePayload(bytes, start);
    if (payloadStart < 0) return this.#readLines(bytes, start, end);
    const payloadEnd = trimEnd(bytes, payloadStart, end);
    if (bytes[payloadStart] === OPEN_BRACKET) {
      if (bytes.toString('latin1', payloadStart, payloadEnd) === '[DONE]') this.#isDone = true;
      return null;
    }
    const payload = this.#readPayload(bytes.subarray(payloadStart, payloadEnd));
    if (payload === null) return null;
    return Buffer.concat([bytes.subarray(start, payloadStart), payload, bytes.subarray(payloadEnd, end)]);
  }

  /** @returns the payload patched, or null when it stays. */
  #readPayload(payload: Buffer): Buffer | null {
    // One string for the searches: a native call per search costs more than the copy.
    const text = payload.toString('latin1');
    if (text.includes(ERROR_MARK)) {
      const error = readErrorPayload(payload);
      if (error !== null) {
        this.#error ??= error;
        return null;
      }
    }
    if (hasValue(text, '"finish_reason":', TEXT_START)) this.#isFinished = true;
    const mayHaveUsage = hasValue(text, '"usage":', OBJECT_START);
    if (!mayHaveUsage && this.#hasFirstToken) {
      this.#tokenEvents += 1;
      return null;
    }
    return this.#parsePayload(payload, mayHaveUsage);
  }

  #parsePayload(payload: Buffer, mayHaveUsage: boolean): Buffer | null {
    const content = contentOf(payload);
    if (content === 'tokens' || (content === 'empty' && this.#hasFirstToken)) {
      this.#hasFirstToken = true;
      this.#tokenEvents += 1;
    } else if (content === 'empty') {
      this.#emptyEvents += 1;
      if (this.#emptyEvents > EMPTY_EVENTS_MAX) this.#hasFirstToken = true;
    }
    if (!mayHaveUsage) return null;
    const reading = patchUsage(payload, this.#cachedTokens);
    this.#usage = reading.usage ?? this.#usage;
    return reading.bytes === payload ? null : reading.bytes;
  }

  /** An event of several lines, or a comment: rare, and read the slow way. Never patched. */
  #readLines(bytes: Buffer, start: number, end: number): null {
    const lines = bytes.toString('utf8', start, end).split(/\r\n|\n/);
    const data = lines
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(line.startsWith('data: ') ? 6 : 5));
    if (data.length === 0) return null;
    const text = data.join('\n').trim();
    if (text === '[DONE]') this.#isDone = true;
    else this.#readPayload(Buffer.from(text));
    return null;
  }
}

const EMPTY = Buffer.alloc(0);
/** In every error object; escaped quotes keep generated text from looking like it. */
const ERROR_MARK = '"error"';
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const OPEN_BRACKET = 0x5b;
const TEXT_START = '"';
const OBJECT_START = '{';

/** Offset after the blank line that ends the event which starts at `from`; -1 when it has not come. */
function eventEnd(bytes: Buffer, from: number): number {
  let newline = bytes.indexOf(NEWLINE, from);
  while (newline >= 0) {
    if (bytes[newline + 1] === NEWLINE) return newline + 2;
    if (bytes[newline + 1] === RETURN && bytes[newline + 2] === NEWLINE) return newline + 3;
    newline = bytes.indexOf(NEWLINE, newline + 1);
  }
  return -1;
}

/** As much as a blank line can have before its last byte; a copy, for the transport may use its buffer again. */
function lastBytes(bytes: Buffer): Buffer {
  return Buffer.from(bytes.subarray(Math.max(0, bytes.length - 2)));
}

/** Where the payload starts when the event is one `data:` line, else -1. */
function singleLinePayload(bytes: Buffer, start: number): number {
  // "data:" as bytes.
  const isData =
    bytes[start] === 0x64 &&
    bytes[start + 1] === 0x61 &&
    bytes[start + 2] === 0x74 &&
    bytes[start + 3] === 0x61 &&
    bytes[start + 4] === 0x3a;
  if (!isData) return -1;
  const newline = bytes.indexOf(NEWLINE, start);
  if (bytes[newline + 1] !== NEWLINE && bytes[newline + 1] !== RETURN) return -1;
  return bytes[start + 5] === SPACE ? start + 6 : start + 5;
}

function trimEnd(bytes: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && (bytes[at - 1] === NEWLINE || bytes[at - 1] === RETURN || bytes[at - 1] === SPACE))
    at -= 1;
  return at;
}

/**
 * True when a member of this name has a value that starts like this. Within JSON text the name cannot stand inside a string (its quotes would
 * be escaped), so this never misses; a nested member of the same name is for the parser to tell.
 */
function hasValue(text: string, key: string, valueStart: string): boolean {
  let at = text.indexOf(key);
  while (at >= 0) {
    let value = at + key.length;
    while (text[value] === ' ') value += 1;
    if (text[value] === valueStart) return true;
    at = text.indexOf(key, value);
  }
  return false;
}

/** `none`: no choice at all, as in the chunk that carries usage; `empty`: e.g. the chunk that only names the role. */
function contentOf(payload: Buffer): 'tokens' | 'empty' | 'none' {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch {
    return 'none';
  }
  const choices = isRecord(value) ? value['choices'] : null;
  if (!Array.isArray(choices) || choices.length === 0) return 'none';
  return choices.some(carriesTokens) ? 'tokens' : 'empty';
}

/** Members of a choice or its delta that say something was generated. */
const CONTENT_KEYS = [
  'text',
  'content',
  'reasoning_content',
  'reasoning',
  'refusal',
  'tool_calls',
  'token_ids',
];

function carriesTokens(choice: unknown): boolean {
  if (!isRecord(choice)) return false;
  if (typeof choice['finish_reason'] === 'string') return true;
  const { delta } = choice;
  return CONTENT_KEYS.some((key) => isFilled(choice[key]) || (isRecord(delta) && isFilled(delta[key])));
}

function isFilled(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || (Array.isArray(value) && value.length > 0);
}
