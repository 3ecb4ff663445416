import type { DialectName } from '@kvasir/contract';
import type { EngineDialect } from './engine-dialect.js';
import { vllmDialect } from './vllm-dialect.js';

const dialects: Partial<Record<DialectName, EngineDialect>> = { vllm: vllmDialect };

/** @returns null for an engine that this version cannot speak to. */
export function dialectOf(name: DialectName): EngineDialect | null {
  return dialects[name] ?? null;
}
