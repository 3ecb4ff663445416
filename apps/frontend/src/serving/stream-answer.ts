import { Relay } from '@kvasir/engines';
import type { BodyReceiver, EngineHead, Flow } from '@kvasir/engines';
import type { SseScanner } from '@kvasir/openai';
import type { Clock } from '@kvasir/service';
import type { ClientAnswer } from '../http/client-answer.js';
import type { FrontendMetrics } from '../metrics.js';
import type { RequestRecord } from './request-record.js';

/** How many tokens are generated before the router hears of them: load is counted in blocks, a call per token would say no more. */
const OUTPUT_TOKENS_PER_REPORT = 16;

export interface StreamAnswerParts {
  readonly answer: ClientAnswer;
  /** `x-kvasir-…` of the answer's head. */
  readonly headers: readonly string[];
  readonly scanner: SseScanner;
  readonly record: RequestRecord;
  readonly metrics: FrontendMetrics;
  readonly clock: Clock;
  /** Bytes of the answer have come. */
  readonly onBytes: () => void;
  readonly onFirstToken: () => void;
  readonly onOutputTokens: (count: number) => void;
}

/**
 * Relays one engine's stream to the client and counts its tokens on the way. Nothing is promised to the client before the first bytes are there:
 * until then, and while they are an error, the request may still go to another worker.
 */
export class StreamAnswer implements BodyReceiver {
  readonly #parts: StreamAnswerParts;
  readonly #head: EngineHead;
  readonly #flow: Flow;
  #relay: Relay | null = null;
  #lastTokenMs = 0;
  #unreportedTokens = 0;

  constructor(parts: StreamAnswerParts, head: EngineHead, flow: Flow) {
    this.#parts = parts;
    this.#head = head;
    this.#flow = flow;
  }

  get tokenEvents(): number {
    return this.#parts.scanner.tokenEvents;
  }

  data(bytes: Buffer): void {
    const { scanner, onBytes } = this.#parts;
    onBytes();
    const { tokenEvents, outputTokens } = scanner;
    const out = scanner.push(bytes);
    const tokens = scanner.outputTokens - outputTokens;
    if (scanner.tokenEvents > tokenEvents) this.#generated(tokens);
    else this.#count(tokens);
    this.#write(out);
  }

  /** Writes what is left; the stream has ended. */
  finish(): void {
    this.#write(this.#parts.scanner.end());
    this.#relay?.flush();
    if (this.#unreportedTokens > 0) this.#parts.onOutputTokens(this.#unreportedTokens);
    this.#unreportedTokens = 0;
  }

  #write(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const { answer, scanner, headers } = this.#parts;
    if (this.#relay === null) {
      if (scanner.error !== null) return;
      answer.begin(this.#head.status, contentTypeOf(this.#head), headers);
      this.#relay = new Relay(answer, this.#flow);
    }
    if (!answer.isOver) this.#relay.data(bytes);
  }

  /** The engine has generated, now. */
  #generated(tokens: number): void {
    const { record, metrics, clock, onFirstToken } = this.#parts;
    const nowMs = clock.nowMs();
    if (record.firstTokenMs === null) {
      record.firstTokenMs = nowMs;
      metrics.timeToFirstToken.observe((nowMs - record.startMs) / 1000);
      onFirstToken();
    } else {
      metrics.interTokenLatency.observe((nowMs - this.#lastTokenMs) / Math.max(1, tokens) / 1000);
    }
    this.#lastTokenMs = nowMs;
    this.#count(tokens);
  }

  /** Also of tokens that came earlier, and are known of only now that the engine tells its usage. */
  #count(tokens: number): void {
    if (tokens === 0) return;
    const { record, onOutputTokens } = this.#parts;
    record.outputTokens += tokens;
    this.#unreportedTokens += tokens;
    if (this.#unreportedTokens < OUTPUT_TOKENS_PER_REPORT) return;
    onOutputTokens(this.#unreportedTokens);
    this.#unreportedTokens = 0;
  }
}

export function isEventStream(head: EngineHead): boolean {
  return contentTypeOf(head).startsWith('text/event-stream');
}

export function contentTypeOf({ headers }: EngineHead): string {
  const type = headers['content-type'];
  return typeof type === 'string' ? type : 'application/json';
}
