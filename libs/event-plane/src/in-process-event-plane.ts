import type { Clock } from '@kvasir/service';
import { DeliveryQueue, newSubscriber, subscriptionOf } from './delivery-queue.js';
import type { Subscriber } from './delivery-queue.js';
import { closedError, EventPlaneError } from './errors.js';
import {
  EVENT_PLANE_LIMITS,
  type EventPlane,
  type EventPlaneLimits,
  type PlaneHealth,
  type PlaneMessage,
  type PlaneTrouble,
  type Serving,
  type Subscription,
} from './event-plane.js';
import { nextChunk } from './next-chunk.js';
import { assertSubject, compilePattern, type SubjectMatcher } from './subject-pattern.js';

export interface InProcessEventPlaneOptions {
  /** Measures the timeouts of requests. */
  readonly clock: Clock;
  readonly limits?: Partial<EventPlaneLimits> | undefined;
  /** What it says that it takes; by default as much as a server with nothing configured, so that what fits here fits there. */
  readonly payloadBytesMax?: number | undefined;
  readonly onTrouble?: ((trouble: PlaneTrouble) => void) | undefined;
}

const PAYLOAD_BYTES_DEFAULT = 1_048_576;

type Answer = (request: Uint8Array) => AsyncIterable<Uint8Array>;

interface Question {
  readonly subject: string;
  readonly request: Uint8Array;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

interface Local {
  readonly subscriber: Subscriber;
  readonly matches: SubjectMatcher;
}

/**
 * The event plane of one process: every component that shares the object is connected.
 * Messages are delivered in the order in which they were published, to every subscriber, in the microtask after the publisher's. Payloads are handed over as they are, without a copy.
 */
export class InProcessEventPlane implements EventPlane {
  readonly payloadBytesMax: number;
  readonly #clock: Clock;
  readonly #queue: DeliveryQueue;
  readonly #subscribers = new Set<Local>();
  readonly #servers = new Map<string, Answer>();
  /** Rejections of the chunks that are being awaited. */
  readonly #awaiting = new Set<(error: EventPlaneError) => void>();
  #closedAtMs: number | null = null;

  constructor(options: InProcessEventPlaneOptions) {
    this.#clock = options.clock;
    this.payloadBytesMax = options.payloadBytesMax ?? PAYLOAD_BYTES_DEFAULT;
    const limits = { ...EVENT_PLANE_LIMITS, ...options.limits };
    this.#queue = new DeliveryQueue(limits, options.onTrouble ?? (() => undefined));
  }

  publish(subject: string, payload: Uint8Array): void {
    this.#assertOpen();
    assertSubject(subject);
    const tokens = subject.split('.');
    const message: PlaneMessage = { subject, payload };
    for (const { subscriber, matches } of this.#subscribers)
      if (matches(subject, tokens)) this.#queue.enqueue(subscriber, message);
  }

  subscribe(pattern: string, deliver: (message: PlaneMessage) => void): Subscription {
    this.#assertOpen();
    const local: Local = { subscriber: newSubscriber(pattern, deliver), matches: compilePattern(pattern) };
    this.#subscribers.add(local);
    return subscriptionOf(local.subscriber, () => this.#subscribers.delete(local));
  }

  /** @throws TypeError when the subject has a server already. */
  serve(subject: string, answer: Answer): Serving {
    this.#assertOpen();
    assertSubject(subject);
    if (this.#servers.has(subject))
      throw new TypeError(`Cannot serve a subject: it has a server, received ${JSON.stringify(subject)}`);
    this.#servers.set(subject, answer);
    return {
      unsubscribe: () => {
        if (this.#servers.get(subject) === answer) this.#servers.delete(subject);
      },
    };
  }

  request(
    subject: string,
    request: Uint8Array,
    timeoutMs: number,
    signal?: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    assertSubject(subject);
    const question: Question = { subject, request, timeoutMs, signal };
    return { [Symbol.asyncIterator]: () => this.#ask(question) };
  }

  health(): PlaneHealth {
    return this.#closedAtMs === null
      ? { kind: 'connected' }
      : { kind: 'disconnected', sinceMs: this.#closedAtMs, reason: 'the plane has been closed' };
  }

  /** Here also: everything published before has been delivered. */
  flush(): Promise<void> {
    if (this.#closedAtMs !== null) return Promise.resolve();
    return this.#queue.delivered();
  }

  close(): Promise<void> {
    if (this.#closedAtMs !== null) return Promise.resolve();
    this.#closedAtMs = this.#clock.nowMs();
    for (const { subscriber } of this.#subscribers) subscriber.isEnded = true;
    this.#subscribers.clear();
    this.#servers.clear();
    for (const reject of this.#awaiting) reject(closedError());
    return Promise.resolve();
  }

  async *#ask(question: Question): AsyncGenerator<Uint8Array, void, undefined> {
    const { subject, request } = question;
    // The server must not run inside the asker's call.
    await Promise.resolve();
    this.#assertOpen();
    const answer = this.#servers.get(subject);
    if (answer === undefined)
      throw new EventPlaneError('EVENT_PLANE_NO_SERVER', `Cannot ask ${subject}: nobody serves it`);
    const chunks = answer(request)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const chunk = await this.#nextChunk(question, chunks);
        if (chunk.done === true) return;
        yield chunk.value;
      }
    } finally {
      // Not awaited: a server that hangs must not hold the asker.
      chunks.return?.().catch(() => undefined);
    }
  }

  #nextChunk(question: Question, chunks: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    this.#assertOpen();
    const next = async (): Promise<IteratorResult<Uint8Array>> => {
      try {
        return await chunks.next();
      } catch (cause) {
        const message = `Cannot ask ${question.subject}: its server failed`;
        throw new EventPlaneError('EVENT_PLANE_SERVER_FAILED', message, cause);
      }
    };
    return nextChunk(question, next, { clock: this.#clock, awaiting: this.#awaiting });
  }

  #assertOpen(): void {
    if (this.#closedAtMs !== null) throw closedError();
  }
}
