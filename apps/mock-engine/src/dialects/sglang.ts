import type { JsonBody } from '@kvasir/openai';
import { headerText } from './engine-api.js';
import type { EngineApi, RankWish } from './engine-api.js';

/**
 * SGLang: errors flat in an answer and nested in a stream, ids as they are asked for (`rid`), the rank in a header or the body, `matched_stop`
 * beside each choice, and cached tokens only with `--enable-cache-report` and only when there are any.
 */
export const sglangApi: EngineApi = {
  name: 'sglang',
  eventFormat: 'sglang',
  transfersBlocks: false,
  tellsRequestId: false,
  errorBody: ({ status, message, type, param }) => ({ object: 'error', message, type, param, code: status }),
  errorEvent: (error) => ({ error: sglangApi.errorBody(error) }),
  refusedField: () => null,
  rankWish,
  answerId: (_kind, requestId) => requestId,
  requestId: (_headers, body) => bodyText(body, 'rid'),
  usage: (usage, reportsCached) => ({
    ...usage,
    prompt_tokens_details:
      reportsCached && (usage.prompt_tokens_details?.cached_tokens ?? 0) > 0
        ? usage.prompt_tokens_details
        : null,
    reasoning_tokens: 0,
  }),
  choiceMembers: { matched_stop: null },
  chunkMembers: { usage: null },
  modelCard: ({ name, createdEpochS, contextTokensMax, parent }) => ({
    ...{ id: name, object: 'model', created: createdEpochS, owned_by: 'sglang', root: name, parent },
    max_model_len: contextTokensMax,
  }),
};

function rankWish(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: JsonBody,
): RankWish | null {
  const header = headerText(headers['x-data-parallel-rank']);
  if (header !== null) return { value: header, name: 'X-Data-Parallel-Rank' };
  for (const name of ['routed_dp_rank', 'data_parallel_rank']) {
    const raw = body.raw(name)?.toString('utf8') ?? 'null';
    if (raw !== 'null') return { value: raw, name };
  }
  return null;
}

/** Longest id that is taken, in bytes of JSON. */
const ID_BYTES_MAX = 1_024;

function bodyText(body: JsonBody, name: string): string | null {
  const raw = body.raw(name);
  if (raw === null || raw.length > ID_BYTES_MAX) return null;
  const value: unknown = JSON.parse(raw.toString('utf8'));
  return typeof value === 'string' && value !== '' ? value : null;
}
