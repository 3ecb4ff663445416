/** What was left when a drain ended. */
export interface DrainReport {
  /** Requests still running when the deadline came; 0 when all finished. */
  readonly abandonedRequests: number;
}

/**
 * Anything with a life: an app, a server, a subscription.
 * Constructors start nothing; `start` does all that can fail; `leave` says that it is going and serves on; `drain` finishes what runs and takes
 * nothing new; `close` ends at once. `leave`, `drain` and `close` are idempotent.
 */
export interface Component {
  readonly name: string;
  /** @throws when the component cannot run; it has then released what it had taken. */
  start(signal: AbortSignal): Promise<void>;
  /** Not ready from now on, and those who choose among several choose others; what comes all the same is served as before. Never rejects. */
  leave?(): void | Promise<void>;
  /** Whether anybody looks at its readiness, and has to be given time to see that it leaves; absent means yes. */
  isWatched?(): boolean;
  drain(deadlineMs: number): Promise<DrainReport>;
  close(): Promise<void>;
}
