import { engineFailure, saidFailure } from '@kvasir/engines';
import type { BodyReceiver, EngineFailure, Flow } from '@kvasir/engines';
import { readErrorPayload, SseScanner } from '@kvasir/openai';
import type { EventQueue } from './event-queue.js';
import { SseEvents } from './sse-events.js';

/** How an engine failed within a stream that began well. */
export interface StreamFailure {
  readonly failure: EngineFailure;
  /** What the engine said. */
  readonly message: string;
}

/** Takes an engine's event stream: puts each event's JSON into the queue, byte for byte, and knows what the stream has said so far. */
export class EngineEvents implements BodyReceiver {
  readonly #queue: EventQueue;
  readonly #flow: Flow;
  readonly #scanner = new SseScanner({ cachedTokens: null });
  readonly #events = new SseEvents((json) => this.#take(json));
  #failure: StreamFailure | null = null;

  constructor(queue: EventQueue, flow: Flow) {
    this.#queue = queue;
    this.#flow = flow;
  }

  get hasFirstToken(): boolean {
    return this.#scanner.hasFirstToken;
  }

  /** Events that carried tokens; a token count where the engine sends one token per event. */
  get tokenEvents(): number {
    return this.#scanner.tokenEvents;
  }

  data(bytes: Buffer): void {
    this.#scanner.push(bytes);
    this.#events.data(bytes);
  }

  /** To be asked when the stream has ended: null when it was whole. */
  failure(): StreamFailure | null {
    if (this.#failure !== null || this.#scanner.isDone || this.#scanner.isFinished) return this.#failure;
    const failure = engineFailure('ENGINE_INCOMPLETE', "The engine's stream ended before it was finished");
    return { failure, message: failure.message };
  }

  #take(json: Buffer): void {
    // An error is answered as one, and what follows it is of no use.
    this.#failure ??= readErrorEvent(json);
    if (this.#failure !== null) return;
    if (!this.#queue.push(json, () => this.#flow.resume())) this.#flow.pause();
  }
}

/** An engine answers 200 before it computes, so that what goes wrong later comes as an event. */
function readErrorEvent(json: Buffer): StreamFailure | null {
  const error = readErrorPayload(json);
  return error === null ? null : { failure: saidFailure(error), message: error.message };
}
