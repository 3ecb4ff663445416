import { engineFailure, statusFailure } from '@kvasir/engines';
import type { BodyReceiver, EngineFailure, Flow } from '@kvasir/engines';
import { readEngineError, SseScanner } from '@kvasir/openai';
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

const ERROR_STARTS = ['{"error"', '{"object":"error"', '{"object": "error"'];

/** An engine answers 200 before it computes, so that what goes wrong later comes as an event; a numeric code in it is its HTTP status. */
function readErrorEvent(json: Buffer): StreamFailure | null {
  const start = json.toString('latin1', 0, 20);
  if (!ERROR_STARTS.some((known) => start.startsWith(known))) return null;
  const status = errorStatus(json) ?? 500;
  const { message } = readEngineError(status, json);
  return { failure: statusFailure(status) ?? engineFailure('ENGINE_ERROR_STATUS', message), message };
}

function errorStatus(json: Buffer): number | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json.toString('utf8'));
  } catch {
    return null;
  }
  const { error, code } = parsed as { error?: { code?: unknown } | null; code?: unknown };
  const status = error?.code ?? code;
  return typeof status === 'number' && status >= 400 && status < 600 ? status : null;
}
