import type { DialectName } from '@kvasir/contract';
import type { EngineApi } from './engine-api.js';
import { sglangApi } from './sglang.js';
import { trtllmApi } from './trtllm.js';
import { vllmApi } from './vllm.js';

export const engineApis: Readonly<Record<DialectName, EngineApi>> = {
  vllm: vllmApi,
  sglang: sglangApi,
  trtllm: trtllmApi,
};
