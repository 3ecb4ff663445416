import type { EndpointName } from '@kvasir/contract';
import type { Lease, Registry } from '@kvasir/registry';
import type { RouterId } from '@kvasir/units';
import { RouterError } from '../errors.js';

/** How long a claimed block size outlives a router that died. */
const CLAIM_LEASE_MS = 10_000;

/**
 * Holds a pool to the block size that a router is configured with; without one there is nothing to hold.
 * @throws RouterError `ROUTER_BLOCK_SIZE_MISMATCH` when the pool has another.
 */
export async function claimBlockSize(of: {
  readonly registry: Registry;
  readonly endpoint: EndpointName;
  readonly routerId: RouterId;
  readonly blockSize: number | null;
}): Promise<Lease | null> {
  const { registry, endpoint, routerId, blockSize } = of;
  if (blockSize === null) return null;
  const claim = await registry.claimPool({ endpoint, model: null, blockSize }, routerId, CLAIM_LEASE_MS);
  if (claim.kind === 'refused') throw new RouterError('ROUTER_BLOCK_SIZE_MISMATCH', claim.message);
  return claim.lease;
}
