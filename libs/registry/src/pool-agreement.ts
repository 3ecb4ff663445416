import { formatEndpointName, type EndpointName, type PoolRecord } from '@kvasir/contract';
import type { Refusal } from './registry.js';

/** What one member of a pool says of it; a null model says nothing. */
export interface PoolTerms {
  readonly blockSize: number;
  readonly model: string | null;
}

/**
 * The pool that its members hold together: their block size, and the model of whoever names one.
 * It follows from who is alive, so it vanishes with the last member by itself.
 * @returns null when nobody is there.
 */
export function poolOf(endpoint: EndpointName, members: Iterable<PoolTerms>): PoolRecord | null {
  let blockSize: number | null = null;
  let model: string | null = null;
  for (const member of members) {
    blockSize ??= member.blockSize;
    model ??= member.model;
  }
  return blockSize === null ? null : { endpoint, model, blockSize };
}

/** Says why `newcomer` cannot join, naming both values; null when it agrees. */
export function disagreement(
  pool: PoolRecord | null,
  who: string,
  newcomer: PoolTerms & { readonly says?: string | undefined },
): Refusal | null {
  if (pool === null) return null;
  const endpoint = formatEndpointName(pool.endpoint);
  const says = newcomer.says === undefined ? '' : ` (${newcomer.says} says so)`;
  if (pool.blockSize !== newcomer.blockSize)
    return {
      kind: 'refused',
      code: 'REGISTRY_BLOCK_SIZE_MISMATCH',
      message: `${who} has block size ${newcomer.blockSize}, but the pool of ${endpoint} uses block size ${pool.blockSize}${says}: start it with ${pool.blockSize}, or at an endpoint of its own`,
    };
  if (pool.model !== null && newcomer.model !== null && pool.model !== newcomer.model)
    return {
      kind: 'refused',
      code: 'REGISTRY_MODEL_MISMATCH',
      message: `${who} serves model "${newcomer.model}", but the pool of ${endpoint} serves "${pool.model}": give it an endpoint of its own`,
    };
  return null;
}
