import type { Clock } from '@kvasir/service';
import { EventPlaneError } from './errors.js';
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
import { assertSubject, compilePattern, type SubjectMatcher } from './subject-pattern.js';

export interface InProcessEventPlaneOptions {
  /** Measures the timeouts of requests. */
  readonly clock: Clock;
  readonly limits?: Partial<EventPlaneLimits> | undefined;
  readonly onTrouble?: ((trouble: PlaneTrouble) => void) | undefined;
}

/** Deliveries in one go before sockets and timers get their turn. */
const DELIVERIES_PER_TURN_MAX = 1_024;

type Answer = (request: Uint8Array) => AsyncIterable<Uint8Array>;

interface Question {
  readonly subject: string;
  readonly request: Uint8Array;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

interface Subscriber {
  readonly pattern: string;
  readonly matches: SubjectMatcher;
  readonly deliver: (message: PlaneMessage) => void;
  isEnded: boolean;
  isSlow: boolean;
  pendingMessages: number;
  droppedMessages: number;
}

type Delivery =
  | { readonly kind: 'message'; readonly subscriber: Subscriber; readonly message: PlaneMessage }
  | { readonly kind: 'flushed'; readonly resolve: () => void };

/**
 * The event plane of one process: every component that shares the object is connected.
 * Messages are delivered in the order in which they were published, to every subscriber, in the microtask after the publisher's;
 * after `DELIVERIES_PER_TURN_MAX` of them the rest waits for the next turn of the event loop, so that a burst cannot starve sockets.
 * Payloads are handed over as they are, without a copy.
 */
export class InProcessEventPlane implements EventPlane {
  readonly #clock: Clock;
  readonly #limits: EventPlaneLimits;
  readonly #onTrouble: (trouble: PlaneTrouble) => void;
  readonly #subscribers = new Set<Subscriber>();
  readonly #servers = new Map<string, Answer>();
  /** Rejections of the chunks that are being awaited. */
  readonly #awaiting = new Set<(error: EventPlaneError) => void>();
  #queue: Delivery[] = [];
  /** The queue's first delivery that is still to be made. */
  #next = 0;
  #isScheduled = false;
  #closedAtMs: number | null = null;

  constructor(options: InProcessEventPlaneOptions) {
    this.#clock = options.clock;
    this.#limits = { ...EVENT_PLANE_LIMITS, ...options.limits };
    this.#onTrouble = options.onTrouble ?? (() => undefined);
  }

  publish(subject: string, payload: Uint8Array): void {
    this.#assertOpen();
    assertSubject(subject);
    const tokens = subject.split('.');
    const message: PlaneMessage = { subject, payload };
    for (const subscriber of this.#subscribers)
      if (subscriber.matches(subject, tokens)) this.#enqueue(subscriber, message);
  }

  subscribe(pattern: string, deliver: (message: PlaneMessage) => void): Subscription {
    this.#assertOpen();
    const subscriber: Subscriber = {
      pattern,
      matches: compilePattern(pattern),
      deliver,
      isEnded: false,
      isSlow: false,
      pendingMessages: 0,
      droppedMessages: 0,
    };
    this.#subscribers.add(subscriber);
    return {
      unsubscribe: () => {
        subscriber.isEnded = true;
        this.#subscribers.delete(subscriber);
      },
      get pendingMessages() {
        return subscriber.isEnded ? 0 : subscriber.pendingMessages;
      },
      get droppedMessages() {
        return subscriber.droppedMessages;
      },
    };
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
    return new Promise((resolve) => {
      this.#queue.push({ kind: 'flushed', resolve });
      this.#schedule();
    });
  }

  close(): Promise<void> {
    if (this.#closedAtMs !== null) return Promise.resolve();
    this.#closedAtMs = this.#clock.nowMs();
    for (const subscriber of this.#subscribers) subscriber.isEnded = true;
    this.#subscribers.clear();
    this.#servers.clear();
    for (const reject of this.#awaiting) reject(closedError());
    // What is left are deliveries to nobody, and flushes that may go.
    this.#schedule();
    return Promise.resolve();
  }

  #enqueue(subscriber: Subscriber, message: PlaneMessage): void {
    if (subscriber.pendingMessages >= this.#limits.pendingMessagesMax) {
      subscriber.droppedMessages += 1;
      if (subscriber.isSlow) return;
      subscriber.isSlow = true;
      const { pattern, pendingMessages } = subscriber;
      this.#onTrouble({ kind: 'slowConsumer', pattern, pendingMessages });
      return;
    }
    subscriber.pendingMessages += 1;
    this.#queue.push({ kind: 'message', subscriber, message });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#deliverTurn());
  }

  #deliverTurn(): void {
    for (let count = 0; count < DELIVERIES_PER_TURN_MAX; count += 1) {
      const delivery = this.#queue[this.#next];
      if (delivery === undefined) {
        this.#queue = [];
        this.#next = 0;
        this.#isScheduled = false;
        return;
      }
      this.#next += 1;
      if (delivery.kind === 'flushed') delivery.resolve();
      else this.#deliver(delivery.subscriber, delivery.message);
    }
    this.#queue = this.#queue.slice(this.#next);
    this.#next = 0;
    setImmediate(() => this.#deliverTurn());
  }

  #deliver(subscriber: Subscriber, message: PlaneMessage): void {
    subscriber.pendingMessages -= 1;
    if (subscriber.pendingMessages === 0) subscriber.isSlow = false;
    if (subscriber.isEnded) return;
    try {
      subscriber.deliver(message);
    } catch (error) {
      this.#onTrouble({ kind: 'subscriberFailed', pattern: subscriber.pattern, error });
    }
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
    const { subject, timeoutMs, signal } = question;
    this.#assertOpen();
    return new Promise((resolve, reject) => {
      const fail = (error: EventPlaneError): void => {
        settle();
        reject(error);
      };
      const timeOut = (): void =>
        fail(
          new EventPlaneError(
            'EVENT_PLANE_TIMEOUT',
            `Cannot ask ${subject}: no chunk within ${timeoutMs} ms`,
          ),
        );
      const cancel = (): void =>
        fail(new EventPlaneError('EVENT_PLANE_CANCELLED', `Cannot ask ${subject}: the asker has left`));
      const cancelTimeout = this.#clock.after(timeoutMs, timeOut);
      const settle = (): void => {
        cancelTimeout();
        signal?.removeEventListener('abort', cancel);
        this.#awaiting.delete(fail);
      };
      this.#awaiting.add(fail);
      if (signal?.aborted === true) {
        cancel();
        return;
      }
      signal?.addEventListener('abort', cancel);
      chunks.next().then(
        (chunk) => {
          settle();
          resolve(chunk);
        },
        (cause: unknown) =>
          fail(
            new EventPlaneError(
              'EVENT_PLANE_SERVER_FAILED',
              `Cannot ask ${subject}: its server failed`,
              cause,
            ),
          ),
      );
    });
  }

  #assertOpen(): void {
    if (this.#closedAtMs !== null) throw closedError();
  }
}

const closedError = (): EventPlaneError =>
  new EventPlaneError('EVENT_PLANE_CLOSED', 'Cannot use the event plane: it has been closed');
