/** Ends a subscription; nothing is delivered after it returns. Idempotent. */
export interface Subscription {
  unsubscribe(): void;
}

export type PlaneHealth =
  | { readonly kind: 'connected' }
  /** Serving goes on with the last known view. */
  | { readonly kind: 'disconnected'; readonly sinceMs: number; readonly reason: string };

/**
 * Publish/subscribe of bytes by subject, and streamed requests, between any number of processes.
 * Delivery is at most once and in order per publisher; who needs more numbers its messages and recovers (`KvEventPublisher`).
 * Subjects are dot-separated tokens built by `@kvasir/contract`; in a subscription `*` stands for one token, a final `>` for the rest.
 */
export interface EventPlane {
  /** Fire and forget. The payload must not be changed afterwards: subscribers in the same process may read it as it is. */
  publish(subject: string, payload: Uint8Array): void;
  subscribe(pattern: string, deliver: (message: PlaneMessage) => void): Subscription;
  /** Answers requests on one subject with a stream of chunks; at most one server per subject. */
  serve(subject: string, answer: (request: Uint8Array) => AsyncIterable<Uint8Array>): Subscription;
  /**
   * Asks the server of a subject.
   * @throws EventPlaneError `EVENT_PLANE_NO_SERVER` when nobody serves it, `EVENT_PLANE_TIMEOUT` when the next chunk takes longer than `timeoutMs`.
   */
  request(subject: string, request: Uint8Array, timeoutMs: number): AsyncIterable<Uint8Array>;
  health(): PlaneHealth;
  /** Resolves when all that was published before is handed to the transport. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface PlaneMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
}
