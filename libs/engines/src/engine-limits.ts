/** Every limit of talking to engines. Reaching one is a named outcome (`EngineFailure`). */
export interface EngineLimits {
  /** Exchanges that may run with one engine at a time; each has a connection of its own, none waits for one. */
  readonly exchangesPerEngineMax: number;
  /** Engines whose connections are kept; the one unused for longest is let go beyond it. */
  readonly enginesMax: number;
  readonly connectTimeoutMs: number;
  /** From the sent request to the answer's head. An answer in one piece has its head only when all is generated. */
  readonly headersTimeoutMs: number;
  /** Longest silence within an answer. An answer as a whole has no limit of its own; the caller's deadline ends it. */
  readonly inactivityMs: number;
  /** An unused connection is closed after this: engines close theirs after 5 s, and a request must not meet that. */
  readonly idleConnectionMs: number;
  /** Largest answer in one piece. */
  readonly answerBytesMax: number;
  /** Times a request is sent again to the same engine because a kept connection turned out to be closed. */
  readonly staleResendsMax: number;
}

export const ENGINE_LIMITS: EngineLimits = {
  exchangesPerEngineMax: 4_096,
  enginesMax: 4_096,
  connectTimeoutMs: 2_000,
  headersTimeoutMs: 600_000,
  inactivityMs: 120_000,
  idleConnectionMs: 4_000,
  answerBytesMax: 64 * 1024 * 1024,
  staleResendsMax: 1,
};
