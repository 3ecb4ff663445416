/** Something that goes on until it is ended. */
export interface Serving {
  /** Ends it; nothing is delivered or answered after it returns. Idempotent. */
  unsubscribe(): void;
}

export interface Subscription extends Serving {
  /** Messages that wait to be delivered, at most `pendingMessagesMax`. */
  readonly pendingMessages: number;
  /** Messages that came while as many, or as many bytes, as allowed were waiting, and were dropped. */
  readonly droppedMessages: number;
}

export type PlaneHealth =
  | { readonly kind: 'connected' }
  /** Serving goes on with the last known view. */
  | { readonly kind: 'disconnected'; readonly sinceMs: number; readonly reason: string };

export interface EventPlaneLimits {
  /** Messages that may wait for one subscription; the newest are dropped beyond it. */
  readonly pendingMessagesMax: number;
  /** Bytes of their payloads. */
  readonly pendingBytesMax: number;
}

export const EVENT_PLANE_LIMITS: EventPlaneLimits = {
  pendingMessagesMax: 65_536,
  pendingBytesMax: 268_435_456,
};

/** What an operator should hear of. It is counted as well; nobody needs to react for the plane to go on. */
export type PlaneTrouble =
  /** Reported when a subscription begins to drop, and again only after it has caught up. */
  | { readonly kind: 'slowConsumer'; readonly pattern: string; readonly pendingMessages: number }
  /** A subscriber's callback threw; the others and the next messages are not affected. */
  | { readonly kind: 'subscriberFailed'; readonly pattern: string; readonly error: unknown };

/**
 * Publish/subscribe of bytes by subject, and streamed requests, between any number of processes.
 * Delivery is at most once and in order per publisher; who needs more numbers its messages and recovers (`KvEventPublisher`).
 * It is asynchronous and never re-entrant: no callback runs inside `publish` or inside another callback.
 * Subjects are dot-separated tokens built by `@kvasir/contract`; in a subscription `*` stands for one token, a final `>` for one or more.
 *
 * After `close`, `publish`, `subscribe`, `serve` and the next chunk of a request throw `EventPlaneError` `EVENT_PLANE_CLOSED`.
 * A subject or pattern that is none throws a TypeError: it is built by code, never from input.
 */
export interface EventPlane {
  /** Longest payload of a message, a request or a chunk that the plane takes now, in bytes. It may change when a connection is made again. */
  readonly payloadBytesMax: number;
  /**
   * Fire and forget. The payload must not be changed afterwards: subscribers in the same process may read it as it is.
   * @throws EventPlaneError `EVENT_PLANE_PAYLOAD_TOO_LARGE` when it is longer than the plane's server takes.
   */
  publish(subject: string, payload: Uint8Array): void;
  /** Each subscription gets its own copy of the stream; two with overlapping patterns each get a message that fits both. */
  subscribe(pattern: string, deliver: (message: PlaneMessage) => void): Subscription;
  /**
   * Answers requests on one subject with a stream of chunks; at most one server per subject.
   * When the asker leaves early the iterable's `return` is called.
   */
  serve(subject: string, answer: (request: Uint8Array) => AsyncIterable<Uint8Array>): Serving;
  /**
   * Asks the server of a subject; nothing is sent before the first chunk is awaited.
   * @throws EventPlaneError `EVENT_PLANE_NO_SERVER` when nobody serves it, `EVENT_PLANE_TIMEOUT` when the next chunk takes longer than `timeoutMs`,
   *   `EVENT_PLANE_SERVER_FAILED` when the server threw, `EVENT_PLANE_CANCELLED` when `signal` was aborted, also while a chunk is awaited.
   */
  request(
    subject: string,
    request: Uint8Array,
    timeoutMs: number,
    signal?: AbortSignal,
  ): AsyncIterable<Uint8Array>;
  health(): PlaneHealth;
  /** Resolves when all that was published before is handed to the transport. */
  flush(): Promise<void>;
  /** Drops what waits and ends all subscriptions and requests. Idempotent. */
  close(): Promise<void>;
}

export interface PlaneMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
}
