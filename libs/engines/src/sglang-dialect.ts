import type { EngineDialect, ServingRequest } from './engine-dialect.js';
import type { EngineRequest } from './engine-client.js';
import { completionProbe, legRequest, rankHeader, usageWish } from './leg-request.js';

/**
 * Who computes what is for the router to say: where KV is fetched from (a bootstrap room makes a prompt wait for a peer, for minutes), which rank, and
 * the id, which must be unique in the engine: two running requests of one `rid` get each other's answers.
 */
const NOT_FOR_CLIENTS = [
  'bootstrap_host',
  'bootstrap_port',
  'bootstrap_room',
  'disagg_prefill_dp_rank',
  'routed_dp_rank',
  'data_parallel_rank',
  'rid',
];

/**
 * SGLang by its OpenAI routes.
 *
 * - The id is the body's `rid` (a batch makes `rid_0`, `rid_1`, … of it); it comes back as `id`.
 * - The rank is the header `X-Data-Parallel-Rank` since sglang#19832, where it wins; before it the body's `data_parallel_rank`, which newer releases
 *   read as `routed_dp_rank`. Both are sent.
 * - A closed connection aborts: streams by a task of their own, whole answers at the next poll of `is_disconnected`. `/abort_request` is not needed.
 * - `usage.prompt_tokens_details` is there only with `--enable-cache-report`, and only when something was cached.
 * - Unknown fields are ignored, as in vLLM.
 *
 * Prefill and decode would need both legs at a time and one bootstrap room; there is no plan for that yet.
 */
export const sglangDialect: EngineDialect = {
  name: 'sglang',
  handover: null,
  aggregatedLeg,
  probe: completionProbe,
};

function aggregatedLeg(serving: ServingRequest, rank: number | null): EngineRequest {
  // What else the engine serves has ids of its own.
  const id = serving.request.kind === 'relayed' ? {} : { rid: JSON.stringify(serving.requestId) };
  return legRequest(serving, {
    headers: rankHeader(rank),
    changes: {
      set: { ...id, ...(rank === null ? {} : { data_parallel_rank: String(rank) }), ...usageWish(serving) },
      remove: NOT_FOR_CLIENTS,
    },
  });
}
