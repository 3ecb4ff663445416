import { contentOf } from './chunk-content.js';
import { readErrorPayload } from './error-payload.js';
import type { OpenAiError } from './errors.js';
import { EventEnds } from './event-ends.js';
import { readEventLines } from './event-lines.js';
import { HeldBytes } from './held-bytes.js';
import { tokenIdCount } from './token-id-count.js';
import { addUsage, patchUsage } from './usage.js';
import type { TokenUsage } from './usage.js';

export interface SseScannerOptions {
  /** Written into each `usage` that passes; null leaves the stream as it is. */
  readonly cachedTokens: number | null;
  /** The engine was asked for usage on our own account: the event that has nothing but usage is left out. */
  readonly hidesUsage?: boolean;
  /** An event longer than this passes unread, and is counted. */
  readonly eventBytesMax?: number;
}

/** Longest event that is read, in bytes. Engines' events have some hundreds; logprobs and tool calls some thousands. */
export const EVENT_BYTES_MAX = 1_048_576;

/** Events without text that may come before one is taken for the first token anyway (an engine of an unknown chunk shape). */
const EMPTY_EVENTS_MAX = 8;

/**
 * Follows a stream of server-sent events on its bytes while it is relayed: counts tokens and events that carry them, finds the first token, usage,
 * finish, `[DONE]` and errors, wherever chunks are cut. Parses JSON only up to the first token and where the bytes say there is a usage or an error.
 *
 * Where nothing is to be changed (no `cachedTokens`, no `hidesUsage`), chunks pass untouched. Else the end of a chunk is held back while an event is incomplete (at most `eventBytesMax`).
 */
export class SseScanner {
  readonly #cachedTokens: number | null;
  readonly #hidesUsage: boolean;
  readonly #eventBytesMax: number;
  readonly #ends = new EventEnds();
  /** Start of an event whose end has not come; at most `eventBytesMax`. */
  readonly #held = new HeldBytes();
  /** In an event that is too long to be read: its bytes pass. */
  #isSkipping = false;
  #isFirstEvent = true;
  #workBytes = 0;
  #emptyEvents = 0;
  #tokenEvents = 0;
  #toldTokens = 0;
  #oversizedEvents = 0;
  #hasFirstToken = false;
  #isDone = false;
  #isFinished = false;
  #usage: TokenUsage | null = null;
  /** It came in an event of its own, not with a choice. */
  #isUsageFinal = false;
  #error: OpenAiError | null = null;

  constructor(options: SseScannerOptions) {
    this.#cachedTokens = options.cachedTokens;
    this.#hidesUsage = options.hidesUsage ?? false;
    this.#eventBytesMax = options.eventBytesMax ?? EVENT_BYTES_MAX;
  }

  /** Events that carried generated tokens, from the first token on: how often the engine was seen to work, not what it made. */
  get tokenEvents(): number {
    return this.#tokenEvents;
  }
  /**
   * Generated tokens so far, all choices together; never less than before: by token ids, one for an event without ids, and by the engine's usage where
   * that says more. How many there were in the end is for `usage` to say.
   */
  get outputTokens(): number {
    return Math.max(this.#toldTokens, this.#usage?.completionTokens ?? 0);
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
  /** Events that were too long to be read. */
  get oversizedEvents(): number {
    return this.#oversizedEvents;
  }
  /** Bytes that were looked at, copied or read so far: within a small factor of those that came, however they were cut. */
  get workBytes(): number {
    return this.#workBytes;
  }

  /**
   * Takes the next bytes of the stream.
   * @param chunk may be kept until the next call; not to be changed.
   * @returns what to relay now: the chunk itself where nothing had to be changed, possibly empty.
   */
  push(chunk: Buffer): Buffer {
    this.#ends.take(chunk);
    this.#workBytes += chunk.length;
    const out: Buffer[] = [];
    let relayedTo = 0;
    let from = 0;
    for (let end = this.#ends.next(0); end >= 0; end = this.#ends.next(end)) {
      if (this.#held.length > 0) {
        this.#hold(chunk.subarray(0, end));
        const event = this.#held.take();
        out.push(this.#takeEvent(event, 0, event.length) ?? event);
        relayedTo = end;
      } else {
        const replacement = this.#takeEvent(chunk, from, end);
        if (replacement !== null) {
          out.push(chunk.subarray(relayedTo, from), replacement);
          relayedTo = end;
        }
      }
      from = end;
    }
    const isHeldBack = this.#keepRest(chunk, from, out);
    if (!this.#mayChange()) return chunk;
    const upTo = isHeldBack ? from : chunk.length;
    if (out.length === 0)
      return relayedTo === 0 && upTo === chunk.length ? chunk : chunk.subarray(relayedTo, upTo);
    out.push(chunk.subarray(relayedTo, upTo));
    return Buffer.concat(out);
  }

  /** What was held back when the stream has ended in the middle of an event; empty when nothing was. */
  end(): Buffer {
    const held = this.#held.take();
    return this.#mayChange() ? held : EMPTY;
  }

  /** When nothing is to be changed every byte passes as it came. */
  #mayChange(): boolean {
    return this.#hidesUsage || this.#cachedTokens !== null;
  }

  /** @returns true when the bytes of the event that has begun wait for its end, instead of passing. */
  #keepRest(chunk: Buffer, from: number, out: Buffer[]): boolean {
    const restBytes = chunk.length - from;
    if (restBytes === 0 || this.#isSkipping) return false;
    if (this.#held.length + restBytes <= this.#eventBytesMax) {
      this.#hold(chunk.subarray(from));
      return true;
    }
    this.#isSkipping = true;
    if (this.#held.length > 0) out.push(this.#held.take());
    return false;
  }

  #hold(bytes: Buffer): void {
    // Of what was held before, only now and then: that doubles the memory.
    this.#workBytes += bytes.length;
    this.#held.append(bytes);
  }

  /** @returns what a whole event becomes, or null when it stays. */
  #takeEvent(bytes: Buffer, start: number, end: number): Buffer | null {
    const isFirst = this.#isFirstEvent;
    this.#isFirstEvent = false;
    if (this.#isSkipping || end - start > this.#eventBytesMax) {
      this.#isSkipping = false;
      this.#oversizedEvents += 1;
      return null;
    }
    this.#workBytes += end - start;
    const sayStart = afterLineBreaks(bytes, isFirst ? afterByteOrderMark(bytes, start) : start, end);
    const replacement = this.#readEvent(bytes, sayStart, end);
    return replacement === null || sayStart === start
      ? replacement
      : Buffer.concat([bytes.subarray(start, sayStart), replacement]);
  }

  /** @returns what the event becomes, or null when it stays. */
  #readEvent(bytes: Buffer, start: number, end: number): Buffer | null {
    const payloadEnd = trimEnd(bytes, start, end);
    const payloadStart = singleLinePayload(bytes, start, payloadEnd);
    if (payloadStart < 0) return this.#readLines(bytes, { start, payloadEnd, end });
    if (bytes[payloadStart] === OPEN_BRACKET) {
      if (bytes.toString('latin1', payloadStart, payloadEnd) === '[DONE]') this.#isDone = true;
      return null;
    }
    const payload = this.#readPayload(bytes.subarray(payloadStart, payloadEnd));
    if (payload === null || payload.length === 0) return payload;
    return Buffer.concat([bytes.subarray(start, payloadStart), payload, bytes.subarray(payloadEnd, end)]);
  }

  /** @returns the payload patched, empty when the event is to be left out, or null when it stays. */
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
      this.#countEvent(text);
      return null;
    }
    const content = contentOf(payload);
    if (content === 'tokens' || (content === 'empty' && this.#hasFirstToken)) {
      this.#hasFirstToken = true;
      this.#countEvent(text);
    } else if (content === 'empty') {
      this.#emptyEvents += 1;
      if (this.#emptyEvents > EMPTY_EVENTS_MAX) this.#hasFirstToken = true;
    }
    return mayHaveUsage ? this.#readUsage(payload, content === 'none') : null;
  }

  /** @param isAlone there is nothing else in the event. */
  #readUsage(payload: Buffer, isAlone: boolean): Buffer | null {
    const reading = patchUsage(payload, this.#cachedTokens);
    if (reading.usage === null) return null;
    const before = isAlone && this.#isUsageFinal ? this.#usage : null;
    // TensorRT-LLM tells it once per prompt.
    const usage = before === null ? reading.usage : addUsage(before, reading.usage);
    // What is written in is of the whole answer.
    this.#usage = this.#cachedTokens === null ? usage : { ...usage, cachedTokens: this.#cachedTokens };
    this.#isUsageFinal = isAlone;
    if (this.#hidesUsage && isAlone) return EMPTY;
    return reading.bytes === payload ? null : reading.bytes;
  }

  #countEvent(text: string): void {
    this.#tokenEvents += 1;
    this.#toldTokens += tokenIdCount(text) ?? 1;
  }

  /** An event of several lines, or a comment: rare, and read the slow way. @returns what the event becomes, or null when it stays. */
  #readLines(bytes: Buffer, { start, payloadEnd, end }: EventRange): Buffer | null {
    const lines = readEventLines(bytes.subarray(start, payloadEnd));
    if (lines.payload === null) return null;
    if (lines.payload.toString('latin1') === '[DONE]') {
      this.#isDone = true;
      return null;
    }
    const payload = this.#readPayload(lines.payload);
    return payload === null || payload.length === 0
      ? payload
      : Buffer.concat([lines.withPayload(payload), bytes.subarray(payloadEnd, end)]);
  }
}

interface EventRange {
  readonly start: number;
  /** Before the line ends behind what it says. */
  readonly payloadEnd: number;
  readonly end: number;
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

/** Empty lines before an event say nothing; the second half of a line break may come in the next chunk. */
function afterLineBreaks(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === NEWLINE || bytes[at] === RETURN)) at += 1;
  return at;
}

/** A stream may begin with one, which is no part of its first line. */
function afterByteOrderMark(bytes: Buffer, start: number): number {
  const isMark = bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf;
  return isMark ? start + 3 : start;
}

/** Where the payload starts when the event is one `data:` line, else -1. @param end of what the event says. */
function singleLinePayload(bytes: Buffer, start: number, end: number): number {
  // "data:" as bytes.
  const isData =
    bytes[start] === 0x64 &&
    bytes[start + 1] === 0x61 &&
    bytes[start + 2] === 0x74 &&
    bytes[start + 3] === 0x61 &&
    bytes[start + 4] === 0x3a;
  if (!isData) return -1;
  const said = bytes.subarray(start, end);
  if (said.includes(NEWLINE) || said.includes(RETURN)) return -1;
  return Math.min(end, bytes[start + 5] === SPACE ? start + 6 : start + 5);
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
