/** Every limit of talking to engines. Reaching one is a named outcome (`EngineFailure`). */
export interface EngineLimits {
  /** Exchanges that may run with one engine at a time; each has a connection of its own, none waits for one. */
  readonly exchangesPerEngineMax: number;
  /** Engines whose connections are kept; the one unused for longest is let go beyond it. */
  readonly enginesMax: number;
  readonly connectTimeoutMs: number;
  /** From the sent request to the head of a stream. An answer in one piece has its head only when all is generated: the caller's deadline ends it. */
  readonly headTimeoutMs: number;
  /** From the sent request to the first token of a stream, or to the head of an answer of one token. */
  readonly firstTokenTimeoutMs: number;
  /** Longest time between two tokens of a stream, or between bytes of an answer in one piece. A stream as a whole has no limit of its own. */
  readonly tokenGapTimeoutMs: number;
  /** Longest silence of an engine that has left the list: one that still generates is let finish. */
  readonly goneSilenceMs: number;
  /** An unused connection is closed after this: engines close theirs after 5 s, and a request must not meet that. */
  readonly idleConnectionMs: number;
  /** Largest answer in one piece. */
  readonly answerBytesMax: number;
}

export const ENGINE_LIMITS: EngineLimits = {
  exchangesPerEngineMax: 4_096,
  enginesMax: 4_096,
  connectTimeoutMs: 2_000,
  headTimeoutMs: 300_000,
  firstTokenTimeoutMs: 300_000,
  tokenGapTimeoutMs: 120_000,
  goneSilenceMs: 1_000,
  idleConnectionMs: 4_000,
  answerBytesMax: 64 * 1024 * 1024,
};
