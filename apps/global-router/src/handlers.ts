import type { PoolChoice, PoolRole } from '@kvasir/pool-policy';
import type { OverlapScores, PoolExplanation, RouterClient, RouterHandlers } from '@kvasir/rpc';
import type { RequestId } from '@kvasir/units';
import { globalRouterError } from './errors.js';
import { relayGenerate } from './relay-generate.js';
import { bookInPool, chooseOrder, decided, firstThatTakes } from './route-request.js';
import type { RoutingParts } from './route-request.js';

/**
 * The `Router` service of all pools of one role, so that who calls it needs to know nothing of pools.
 * @param isDraining true once nothing new is chosen: queries, marks and frees are still served.
 */
export function globalHandlers(
  parts: RoutingParts,
  role: PoolRole,
  isDraining: () => boolean,
): RouterHandlers {
  const refuseWhenDraining = (): void => {
    if (isDraining())
      throw globalRouterError('GLOBAL_ROUTER_DRAINING', 'Cannot route: this router is draining');
  };
  return {
    async bestWorkerId(request) {
      const { links, settle } = await chooseOrder(parts, role, { ...request, requestId: null });
      settle();
      return await firstThatTakes(parts, links, async (link) => {
        const { answer, address } = await link.call((client) => client.bestWorkerId(request));
        return decided(link, answer, address);
      });
    },
    findBestWorker: (request, left) => {
      refuseWhenDraining();
      return bookInPool(parts, role, { request, signal: left() });
    },
    markPrefillComplete: (requestId) =>
      tellHolder(parts, role, requestId, (client) => client.markPrefillComplete(requestId)),
    async free(requestId) {
      const isReleased = await tellHolder(parts, role, requestId, (client) => client.free(requestId));
      parts.places.forget(requestId);
      return isReleased;
    },
    async getPotentialLoads(prompt) {
      const loads = parts.pools
        .ofRole(role)
        .map((link) =>
          link.call((client) => client.getPotentialLoads(prompt)).then(({ answer }) => answer, none),
        );
      return (await Promise.all(loads)).flat();
    },
    async getOverlapScores(prompt) {
      const scores = parts.pools
        .ofRole(role)
        .map((link) =>
          link.call((client) => client.getOverlapScores(prompt)).then(({ answer }) => [answer], none),
        );
      return together((await Promise.all(scores)).flat());
    },
    async *dumpEvents(signal) {
      for (const link of parts.pools.ofRole(role)) {
        const { answer } = await link.call((client) => Promise.resolve(client.dumpEvents({ signal })));
        yield* answer;
      }
    },
    async explainPool(request) {
      const { choice, settle } = await parts.chooser.choose(role, request, null);
      settle();
      return explanation(choice);
    },
    generate: (request, signal) => {
      refuseWhenDraining();
      return relayGenerate(parts, role, request, signal);
    },
  };
}

/** A pool that does not answer has nothing to add. */
const none = (): readonly never[] => [];

/** Tells the router that holds a booking; when that is not known, e.g. after a restart, all routers, of which one knows it. */
async function tellHolder(
  { pools, places }: RoutingParts,
  role: PoolRole,
  requestId: RequestId,
  tell: (client: RouterClient) => Promise<boolean>,
): Promise<boolean> {
  const known = places.of(requestId);
  const links = pools.ofRole(role);
  const holder = known === null ? undefined : links.find((link) => link.addresses().includes(known));
  if (known !== null && holder !== undefined) return await tell(holder.client(known));
  const answers = links.flatMap((link) =>
    link.addresses().map((address) => tell(link.client(address)).catch(() => false)),
  );
  return (await Promise.all(answers)).includes(true);
}

function together(all: readonly OverlapScores[]): OverlapScores {
  const [first] = all;
  if (first === undefined)
    throw globalRouterError('POOL_NONE_ANSWERED', 'Cannot score: no pool has answered');
  const sizes = [...new Set(all.map(({ blockSize }) => blockSize))];
  if (sizes.length > 1)
    throw globalRouterError(
      'POOL_MIXED_BLOCK_SIZES',
      `Cannot score: the pools have blocks of ${sizes.join(', ')} tokens`,
    );
  const { blockSize, promptBlocks } = first;
  return { blockSize, promptBlocks, scores: all.flatMap(({ scores }) => scores) };
}

function explanation(choice: PoolChoice): PoolExplanation {
  const refused = choice.refused.map(({ pool, reason }) => ({
    ...{ name: pool, refusedFor: reason, pressure: null, isSaturated: false, cost: null, inCell: false },
  }));
  if (choice.kind === 'none') return { pools: refused, reason: null, cell: [], spilledFrom: null };
  const { order, reason, cell, spilledFrom } = choice;
  const eligible = order.map(({ pool, ...ranked }) => ({ name: pool, refusedFor: null, ...ranked }));
  return { pools: [...eligible, ...refused], reason, cell: cell ?? [], spilledFrom };
}
