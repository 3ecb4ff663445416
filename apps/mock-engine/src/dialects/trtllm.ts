import { engineError } from '../http/engine-error.js';
import { idPrefix } from './engine-api.js';
import type { EngineApi } from './engine-api.js';

/** Of the fields that it does not know, and therefore refuses, those that other engines or routers have. */
const REFUSED_FIELDS = [
  'nvext',
  'rid',
  'kv_transfer_params',
  'data_parallel_rank',
  'routed_dp_rank',
  'bootstrap_room',
  'return_token_ids',
  'extra_key',
];

/**
 * TensorRT-LLM (`trtllm-serve`): fields that it does not know are refused, no rank can be asked for, ids are its own, its metrics are JSON, and its list of
 * models says neither context nor adapters.
 */
export const trtllmApi: EngineApi = {
  name: 'trtllm',
  eventFormat: 'trtllm',
  transfersBlocks: false,
  tellsRequestId: false,
  errorBody: ({ status, message, type, param }) => ({ object: 'error', message, type, param, code: status }),
  errorEvent: (error) => trtllmApi.errorBody(error),
  refusedField: (body) => {
    const name = REFUSED_FIELDS.find((field) => body.has(field));
    return name === undefined
      ? null
      : engineError(400, `[{'type': 'extra_forbidden', 'loc': ('body', '${name}')}]`, name);
  },
  rankWish: () => null,
  answerId: (kind, requestId) => `${idPrefix(kind)}-${requestId}`,
  requestId: () => null,
  usage: (usage, reportsCached) => (reportsCached ? usage : { ...usage, prompt_tokens_details: null }),
  choiceMembers: { stop_reason: null, disaggregated_params: null },
  chunkMembers: {},
  modelCard: ({ name, createdEpochS }) => ({
    ...{ id: name, object: 'model', created: createdEpochS, owned_by: 'tensorrt_llm' },
  }),
};
