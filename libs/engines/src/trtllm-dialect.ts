import type { EngineDialect } from './engine-dialect.js';
import { completionProbe, legRequest, usageWish } from './leg-request.js';

/** Whom KV is fetched from is for the router to say; hints for the router are none for the engine, which refuses fields that it does not know. */
const NOT_FOR_CLIENTS = ['disaggregated_params', 'nvext'];

/**
 * TensorRT-LLM (`trtllm-serve`) by its OpenAI routes.
 *
 * - Unknown fields are refused with 400 (`extra="forbid"` of its request models): what a client asks of other engines only, it may not ask here.
 * - `stream_options` without `include_usage` asks for usage all the same (its default there is true).
 * - A rank cannot be asked for over HTTP; an engine of several ranks chooses one by itself.
 * - A closed connection aborts: it is polled once a second.
 * - `usage.prompt_tokens_details.cached_tokens` is always there. A completion of several prompts streams one usage for each.
 *
 * Prefill and decode would need `disaggregated_params` and the ids of the context answer in the place of the prompt; there is no plan for that yet.
 */
export const trtllmDialect: EngineDialect = {
  name: 'trtllm',
  handover: null,
  aggregatedLeg: (serving) =>
    legRequest(serving, { changes: { set: usageWish(serving), remove: NOT_FOR_CLIENTS } }),
  probe: completionProbe,
};
