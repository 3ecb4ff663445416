import type { Clock } from '@kvasir/service';
import { ErrorCode, Events, NatsError } from 'nats';
import type { Msg, NatsConnection } from 'nats';
import { DeliveryQueue, newSubscriber, subscriptionOf } from './delivery-queue.js';
import type { Subscriber } from './delivery-queue.js';
import { closedError, EventPlaneError } from './errors.js';
import type { EventLog } from './event-log.js';
import { EVENT_PLANE_LIMITS } from './event-plane.js';
import type {
  EventPlane,
  EventPlaneLimits,
  PlaneHealth,
  PlaneMessage,
  PlaneTrouble,
  Serving,
  Subscription,
} from './event-plane.js';
import { HEADER_BYTES as FRAME_BYTES } from './nats-answer-frames.js';
import { NatsAnswerReader } from './nats-answer-reader.js';
import { connectNats } from './nats-connection.js';
import type { NatsOptions } from './nats-connection.js';
import { openNatsEventLog } from './nats-event-log.js';
import { nextChunk } from './next-chunk.js';
import type { Waiting } from './next-chunk.js';
import { sendNatsAnswer } from './send-nats-answer.js';
import { assertSubject, compilePattern } from './subject-pattern.js';

export interface NatsEventPlaneOptions extends NatsOptions {
  /** Measures the timeouts of requests. */
  readonly clock: Clock;
  readonly limits?: Partial<EventPlaneLimits> | undefined;
  readonly onTrouble?: ((trouble: PlaneTrouble) => void) | undefined;
}

/** Connects to a NATS cluster. @throws EventPlaneError when none of its servers can be reached, or none lets us in. */
export async function connectNatsEventPlane(options: NatsEventPlaneOptions): Promise<NatsEventPlane> {
  const connection = await connectNats(options);
  const payloadBytes = connection.info?.max_payload ?? PAYLOAD_BYTES_ASSUMED;
  if (payloadBytes >= PAYLOAD_BYTES_MIN) return new NatsEventPlane(connection, options);
  await connection.close();
  throw new EventPlaneError(
    'EVENT_PLANE_PAYLOAD_LIMIT_TOO_LOW',
    `Cannot use NATS at ${connection.getServer()}: its max_payload is ${payloadBytes} bytes, at least ${PAYLOAD_BYTES_MIN} are needed`,
  );
}

/** Ids of the longest kind, a seal and some blocks must fit. */
const PAYLOAD_BYTES_MIN = 8_192;
/** What a server takes that does not say. */
const PAYLOAD_BYTES_ASSUMED = 1_048_576;

/**
 * The event plane over core NATS. A lost connection is made again for ever, with all subscriptions; what is published meanwhile is dropped and counted,
 * for its numbers will show that it is missing. Every subscription has its own bounded queue, so that a slow one costs nobody else anything.
 */
export class NatsEventPlane implements EventPlane {
  readonly #connection: NatsConnection;
  readonly #clock: Clock;
  readonly #queue: DeliveryQueue;
  readonly #onTrouble: (trouble: PlaneTrouble) => void;
  readonly #subscribers = new Set<Subscriber>();
  readonly #awaiting = new Set<(error: EventPlaneError) => void>();
  #lostAtMs: number | null = null;
  #closedAtMs: number | null = null;
  #droppedPublishes = 0;

  /** @param connection owned by the plane from now on. */
  constructor(connection: NatsConnection, options: Omit<NatsEventPlaneOptions, keyof NatsOptions>) {
    this.#connection = connection;
    this.#clock = options.clock;
    this.#onTrouble = options.onTrouble ?? (() => undefined);
    const limits = { ...EVENT_PLANE_LIMITS, ...options.limits };
    this.#queue = new DeliveryQueue(limits, this.#onTrouble);
    void this.#followStatus();
  }

  get payloadBytesMax(): number {
    return (this.#connection.info?.max_payload ?? PAYLOAD_BYTES_ASSUMED) - FRAME_BYTES;
  }

  /** Messages that were published while no server was connected. */
  get droppedPublishes(): number {
    return this.#droppedPublishes;
  }

  /** @throws EventPlaneError `EVENT_PLANE_PAYLOAD_TOO_LARGE` beyond what the server takes. */
  publish(subject: string, payload: Uint8Array): void {
    this.#assertOpen();
    assertSubject(subject);
    if (this.#lostAtMs !== null) {
      this.#droppedPublishes += 1;
      return;
    }
    try {
      this.#connection.publish(subject, payload);
    } catch (error) {
      throw publishError(error, subject, payload.byteLength);
    }
  }

  subscribe(pattern: string, deliver: (message: PlaneMessage) => void): Subscription {
    this.#assertOpen();
    compilePattern(pattern);
    const subscriber = newSubscriber(pattern, deliver);
    const subscription = this.#connection.subscribe(pattern, {
      callback: (error, { subject, data }) => {
        if (error === null) this.#queue.enqueue(subscriber, { subject, payload: data });
      },
    });
    this.#subscribers.add(subscriber);
    return subscriptionOf(subscriber, () => {
      this.#subscribers.delete(subscriber);
      subscription.unsubscribe();
    });
  }

  /** Another process that serves the same subject shares the requests: servers of one subject must give the same answers. */
  serve(subject: string, answer: (request: Uint8Array) => AsyncIterable<Uint8Array>): Serving {
    this.#assertOpen();
    assertSubject(subject);
    const subscription = this.#connection.subscribe(subject, {
      queue: 'servers',
      callback: (error, message) => {
        if (error === null) void this.#answer(message, answer);
      },
    });
    return { unsubscribe: () => subscription.unsubscribe() };
  }

  request(
    subject: string,
    request: Uint8Array,
    timeoutMs: number,
    signal?: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    assertSubject(subject);
    const waiting: Waiting = { subject, timeoutMs, signal };
    return { [Symbol.asyncIterator]: () => this.#ask(waiting, request) };
  }

  health(): PlaneHealth {
    if (this.#closedAtMs !== null)
      return { kind: 'disconnected', sinceMs: this.#closedAtMs, reason: 'the plane has been closed' };
    if (this.#lostAtMs === null) return { kind: 'connected' };
    return { kind: 'disconnected', sinceMs: this.#lostAtMs, reason: 'no NATS server is connected' };
  }

  /** Opens a log of what is published on a pattern. @throws EventPlaneError `EVENT_PLANE_NO_LOG` when the server keeps none. */
  async openLog(name: string, pattern: string): Promise<EventLog> {
    this.#assertOpen();
    return await openNatsEventLog(this.#connection, {
      name,
      pattern,
      clock: this.#clock,
      onTrouble: this.#onTrouble,
    });
  }

  /** Resolves at once while disconnected: there is nothing on its way. */
  async flush(): Promise<void> {
    if (this.#closedAtMs !== null || this.#lostAtMs !== null) return;
    // Rejects when the connection is lost meanwhile.
    await this.#connection.flush().catch(() => undefined);
  }

  async close(): Promise<void> {
    if (this.#closedAtMs !== null) return;
    this.#closedAtMs = this.#clock.nowMs();
    for (const subscriber of this.#subscribers) subscriber.isEnded = true;
    for (const reject of [...this.#awaiting]) reject(closedError());
    if (this.#lostAtMs === null) await this.#connection.flush().catch(() => undefined);
    await this.#connection.close();
  }

  async #answer(message: Msg, answer: (request: Uint8Array) => AsyncIterable<Uint8Array>): Promise<void> {
    await sendNatsAnswer(this.#connection, message, { answer, clock: this.#clock });
  }

  async *#ask(waiting: Waiting, request: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    this.#assertOpen();
    if (waiting.signal?.aborted === true)
      throw new EventPlaneError('EVENT_PLANE_CANCELLED', `Cannot ask ${waiting.subject}: the asker has left`);
    const reader = new NatsAnswerReader(this.#connection, waiting.subject, request);
    let isEnded = false;
    try {
      for (;;) {
        this.#assertOpen();
        const chunk = await nextChunk(waiting, () => reader.next(), {
          clock: this.#clock,
          awaiting: this.#awaiting,
        });
        if (chunk === null) {
          isEnded = true;
          return;
        }
        yield chunk;
      }
    } finally {
      reader.close(isEnded);
    }
  }

  async #followStatus(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === Events.Disconnect) this.#lostAtMs ??= this.#clock.nowMs();
      if (type === Events.Reconnect) this.#lostAtMs = null;
    }
  }

  #assertOpen(): void {
    if (this.#closedAtMs !== null) throw closedError();
  }
}

/** As a plain text, which `NatsError.code` is. */
const MAX_PAYLOAD_EXCEEDED: string = ErrorCode.MaxPayloadExceeded;

function publishError(error: unknown, subject: string, payloadBytes: number): EventPlaneError {
  if (error instanceof NatsError && error.code === MAX_PAYLOAD_EXCEEDED)
    return new EventPlaneError(
      'EVENT_PLANE_PAYLOAD_TOO_LARGE',
      `Cannot publish to ${subject}: the server takes less than ${payloadBytes} bytes`,
      error,
    );
  return closedError();
}
