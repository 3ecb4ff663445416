import type { EngineLimits } from './engine-limits.js';
import { ENGINE_LIMITS } from './engine-limits.js';

/** Flags of the times that an engine may take, for every program that sends requests to engines. */
export const engineTimeoutOptions = {
  engineHeadTimeoutMs: {
    kind: 'integer',
    default: ENGINE_LIMITS.headTimeoutMs,
    min: 1,
    unit: 'ms',
    doc: 'Longest time to the head of a streamed answer. Some engines send it with the first token only. Answers in one piece have theirs when all is generated and are bounded by the deadline of the request.',
    group: 'Limits',
  },
  firstTokenTimeoutMs: {
    kind: 'integer',
    default: ENGINE_LIMITS.firstTokenTimeoutMs,
    min: 1,
    unit: 'ms',
    doc: 'Longest time to the first token, time in the queue of the engine included; for a prefill leg, to its whole answer.',
    group: 'Limits',
  },
  tokenGapTimeoutMs: {
    kind: 'integer',
    aliases: ['engine-inactivity-ms'],
    default: ENGINE_LIMITS.tokenGapTimeoutMs,
    min: 1,
    unit: 'ms',
    doc: 'Longest time between two tokens of a streamed answer. Time in which the client does not read does not count.',
    group: 'Limits',
  },
} as const;

/** The limits that these options set. */
export function engineTimeoutsOf(values: {
  readonly engineHeadTimeoutMs: number;
  readonly firstTokenTimeoutMs: number;
  readonly tokenGapTimeoutMs: number;
}): Pick<EngineLimits, 'headTimeoutMs' | 'firstTokenTimeoutMs' | 'tokenGapTimeoutMs'> {
  const { engineHeadTimeoutMs: headTimeoutMs, firstTokenTimeoutMs, tokenGapTimeoutMs } = values;
  return { headTimeoutMs, firstTokenTimeoutMs, tokenGapTimeoutMs };
}
