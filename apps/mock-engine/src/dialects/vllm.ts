import { headerText, idPrefix } from './engine-api.js';
import type { EngineApi } from './engine-api.js';

/** vLLM: errors nested, the rank in a header, ids prefixed, blocks handed over by NIXL's parameters. */
export const vllmApi: EngineApi = {
  name: 'vllm',
  eventFormat: 'vllm-map',
  transfersBlocks: true,
  tellsRequestId: true,
  errorBody: ({ status, message, type, param }) => ({ error: { message, type, param, code: status } }),
  errorEvent: (error) => vllmApi.errorBody(error),
  refusedField: () => null,
  rankWish: (headers) => {
    const value = headers['x-data-parallel-rank'];
    return value === undefined ? null : { value, name: 'X-data-parallel-rank' };
  },
  answerId: (kind, requestId) => `${idPrefix(kind)}-${requestId}`,
  requestId: (headers) => headerText(headers['x-request-id']),
  usage: (usage, reportsCached) => (reportsCached ? usage : { ...usage, prompt_tokens_details: null }),
  choiceMembers: {},
  chunkMembers: {},
  modelCard: ({ name, createdEpochS, contextTokensMax, parent }) => ({
    ...{ id: name, object: 'model', created: createdEpochS, owned_by: 'vllm', root: name, parent },
    ...{ max_model_len: contextTokensMax, permission: [] },
  }),
};
