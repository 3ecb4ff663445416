import type { EventPlaneLimits, PlaneMessage, PlaneTrouble, Subscription } from './event-plane.js';

/** Deliveries in one go before sockets and timers get their turn. */
const DELIVERIES_PER_TURN_MAX = 1_024;

/** One subscription as its queue knows it. */
export interface Subscriber {
  readonly pattern: string;
  readonly deliver: (message: PlaneMessage) => void;
  isEnded: boolean;
  isSlow: boolean;
  pendingMessages: number;
  pendingBytes: number;
  droppedMessages: number;
}

type Delivery =
  | { readonly kind: 'message'; readonly subscriber: Subscriber; readonly message: PlaneMessage }
  | { readonly kind: 'flushed'; readonly resolve: () => void };

/**
 * Calls subscribers one after the other, never inside `enqueue` or inside one another, each with at most as much waiting as its limits say. After
 * `DELIVERIES_PER_TURN_MAX` the rest waits for the next turn of the event loop, so that a burst cannot starve sockets.
 */
export class DeliveryQueue {
  readonly #limits: EventPlaneLimits;
  readonly #onTrouble: (trouble: PlaneTrouble) => void;
  #queue: Delivery[] = [];
  /** The queue's first delivery that is still to be made. */
  #next = 0;
  #isScheduled = false;

  constructor(limits: EventPlaneLimits, onTrouble: (trouble: PlaneTrouble) => void) {
    this.#limits = limits;
    this.#onTrouble = onTrouble;
  }

  enqueue(subscriber: Subscriber, message: PlaneMessage): void {
    const { pendingMessagesMax, pendingBytesMax } = this.#limits;
    const bytes = message.payload.byteLength;
    if (
      subscriber.pendingMessages >= pendingMessagesMax ||
      subscriber.pendingBytes + bytes > pendingBytesMax
    ) {
      subscriber.droppedMessages += 1;
      if (subscriber.isSlow) return;
      subscriber.isSlow = true;
      const { pattern, pendingMessages } = subscriber;
      this.#onTrouble({ kind: 'slowConsumer', pattern, pendingMessages });
      return;
    }
    subscriber.pendingMessages += 1;
    subscriber.pendingBytes += bytes;
    this.#queue.push({ kind: 'message', subscriber, message });
    this.#schedule();
  }

  /** Resolves when everything enqueued before has been delivered. */
  delivered(): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push({ kind: 'flushed', resolve });
      this.#schedule();
    });
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
    subscriber.pendingBytes -= message.payload.byteLength;
    if (subscriber.pendingMessages === 0) subscriber.isSlow = false;
    if (subscriber.isEnded) return;
    try {
      subscriber.deliver(message);
    } catch (error) {
      this.#onTrouble({ kind: 'subscriberFailed', pattern: subscriber.pattern, error });
    }
  }
}

export function newSubscriber(pattern: string, deliver: (message: PlaneMessage) => void): Subscriber {
  return {
    pattern,
    deliver,
    isEnded: false,
    isSlow: false,
    pendingMessages: 0,
    pendingBytes: 0,
    droppedMessages: 0,
  };
}

/** What the owner of a subscriber sees of it. @param end called once. */
export function subscriptionOf(subscriber: Subscriber, end: () => void): Subscription {
  return {
    unsubscribe: () => {
      if (subscriber.isEnded) return;
      subscriber.isEnded = true;
      end();
    },
    get pendingMessages() {
      return subscriber.isEnded ? 0 : subscriber.pendingMessages;
    },
    get droppedMessages() {
      return subscriber.droppedMessages;
    },
  };
}
