import type { DialectName } from '@kvasir/contract';
import type { EngineDialect } from './engine-dialect.js';
import { sglangDialect } from './sglang-dialect.js';
import { trtllmDialect } from './trtllm-dialect.js';
import { vllmDialect } from './vllm-dialect.js';

const dialects: Readonly<Record<DialectName, EngineDialect>> = {
  vllm: vllmDialect,
  sglang: sglangDialect,
  trtllm: trtllmDialect,
};

export function dialectOf(name: DialectName): EngineDialect {
  return dialects[name];
}
