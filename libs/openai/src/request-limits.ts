import type { JsonWalkLimits } from './json-walk.js';

/** What a request may ask for; more is refused by name. What the engine can judge better (types, roles, sampling) is left to it. */
export interface RequestLimits extends JsonWalkLimits {
  /** `n` and `best_of`. */
  readonly choicesMax: number;
  /** `logprobs`, `top_logprobs` and `prompt_logprobs`. */
  readonly logprobsMax: number;
  readonly stopStringsMax: number;
  /** Characters of one stop string. */
  readonly stopStringLengthMax: number;
  /** `max_tokens` and `max_completion_tokens`. */
  readonly outputTokensMax: number;
}

export const REQUEST_LIMITS: RequestLimits = {
  depthMax: 512,
  valuesMax: 262_144,
  membersMax: 1_024,
  promptsMax: 2_048,
  choicesMax: 128,
  logprobsMax: 128,
  stopStringsMax: 64,
  stopStringLengthMax: 1_024,
  outputTokensMax: 10_000_000,
};
