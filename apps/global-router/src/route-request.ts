import type { PoolChoice, PoolRole } from '@kvasir/pool-policy';
import { RpcError } from '@kvasir/rpc';
import type { FindBestWorkerRequest, RouteDecision } from '@kvasir/rpc';
import type { Clock, Logger } from '@kvasir/service';
import type { BookingPlaces } from './booking-places.js';
import type { DecisionLog } from './decision-log.js';
import { summary } from './decision-log.js';
import { globalRouterError } from './errors.js';
import type { GlobalRouterMetrics } from './metrics.js';
import type { PoolChooser } from './pool-chooser.js';
import type { PoolLink } from './pool-link.js';
import type { Pools } from './pools.js';

/** What routing a request stands on. */
export interface RoutingParts {
  readonly pools: Pools;
  readonly chooser: PoolChooser;
  readonly places: BookingPlaces;
  readonly decisions: DecisionLog;
  readonly metrics: GlobalRouterMetrics;
  readonly clock: Clock;
  readonly epochMs: () => number;
  readonly logger: Logger;
}

type Routed = Pick<FindBestWorkerRequest, 'prompt' | 'overrides' | 'constraints' | 'poolHints'> & {
  readonly requestId: FindBestWorkerRequest['requestId'] | null;
  readonly expectedOutputTokens?: number | undefined;
};

/** Which pools to try. */
export interface PoolOrder {
  /** The best one first. */
  readonly links: readonly PoolLink[];
  /** To be called once the request is with a pool, or with none: until then it counts as sent to the first. Idempotent. */
  readonly settle: () => void;
}

/** Chooses the order of pools for a request, and counts, logs and remembers the choice. @throws RpcError `POOL_NONE_ELIGIBLE`. */
export async function chooseOrder(parts: RoutingParts, role: PoolRole, request: Routed): Promise<PoolOrder> {
  const { chooser, decisions, metrics, logger, epochMs, pools } = parts;
  const { asked, choice, settle } = await chooser.choose(role, request, request.expectedOutputTokens ?? null);
  const { promptTokens, ttftMs, itlMs, priority } = asked;
  const decision = {
    ...{ atMs: epochMs(), role, requestId: request.requestId, promptTokens, ttftMs, itlMs, priority },
    ...summary(choice),
  };
  decisions.add(decision);
  logger.info(decision, 'pool chosen');
  countChoice(metrics, role, choice);
  if (choice.kind === 'none')
    throw globalRouterError(
      'POOL_NONE_ELIGIBLE',
      `Cannot choose a ${role} pool: ${decision.refused.length === 0 ? 'there is none' : decision.refused.join(', ')}`,
    );
  return { links: choice.order.flatMap(({ pool }) => pools.get(pool) ?? []), settle };
}

function countChoice(metrics: GlobalRouterMetrics, role: PoolRole, choice: PoolChoice): void {
  for (const { pool, reason } of choice.refused)
    if (reason !== 'wrongRole') metrics.refusals.inc({ pool, reason });
  if (choice.kind === 'none') {
    metrics.choices.inc({ role, pool: '', reason: 'none' });
    return;
  }
  const pool = choice.order[0]?.pool ?? '';
  metrics.choices.inc({ role, pool, reason: choice.reason });
  if (choice.cell !== null) metrics.cells.inc({ role, cell: choice.cell.join(',') });
  if (choice.spilledFrom !== null) metrics.spillOvers.inc({ from: choice.spilledFrom, to: pool });
}

/**
 * Books a request in the best pool that takes it. A pool that fails, or has nobody for the request, hands it on to the next one.
 * @throws RpcError what the last pool said.
 */
export async function bookInPool(
  parts: RoutingParts,
  role: PoolRole,
  { request, signal }: { readonly request: FindBestWorkerRequest; readonly signal: AbortSignal },
): Promise<RouteDecision> {
  const startMs = parts.clock.nowMs();
  const { links, settle } = await chooseOrder(parts, role, request);
  try {
    return await firstThatTakes(parts, links, async (link) => {
      const { answer, address } = await link.call((client) =>
        client.findBestWorker(request, { signal }).catch((error: unknown) => {
          if (mayHaveBooked(error)) client.free(request.requestId).catch(() => undefined);
          throw error;
        }),
      );
      const decision = decided(link, answer, address);
      link.assigned(address);
      parts.places.note(request.requestId, decision.routerAddress ?? address);
      parts.chooser.bind(request, role, link.config.name);
      return decision;
    });
  } finally {
    settle();
    parts.metrics.routeSeconds.observe({ role }, (parts.clock.nowMs() - startMs) / 1_000);
  }
}

/** Its answer was lost, so that it may have booked before. */
function mayHaveBooked(error: unknown): boolean {
  return (
    error instanceof RpcError &&
    (error.code === 'RPC_UNAVAILABLE' ||
      error.grpcStatus === 'DEADLINE_EXCEEDED' ||
      error.grpcStatus === 'CANCELLED')
  );
}

/** The decision of a pool's router as it leaves here. */
export function decided(link: PoolLink, decision: RouteDecision, address: string): RouteDecision {
  const { name } = link.config;
  return {
    ...decision,
    pool: decision.pool === null ? name : `${name}/${decision.pool}`,
    routerAddress: decision.routerAddress ?? address,
  };
}

/** Tries pools in order until one takes the request. @throws RpcError what the last one said, or what no other could mend. */
export async function firstThatTakes<Answer>(
  parts: RoutingParts,
  links: readonly PoolLink[],
  ask: (link: PoolLink) => Promise<Answer>,
): Promise<Answer> {
  let last: RpcError | null = null;
  for (const [index, link] of links.entries()) {
    try {
      return await ask(link);
    } catch (error) {
      if (!(error instanceof RpcError) || !mayBeMended(error)) throw error;
      last = error;
      const next = links[index + 1];
      const { logger, metrics } = parts;
      logger.warn(
        { pool: link.config.name, code: error.code, next: next?.config.name ?? null },
        'pool failed',
      );
      if (next !== undefined) metrics.failOvers.inc({ from: link.config.name, to: next.config.name });
    }
  }
  throw last ?? globalRouterError('POOL_NONE_ANSWERED', 'Cannot route: no pool is left to ask');
}

/** False for what another pool would answer just the same. */
export function mayBeMended({ grpcStatus }: RpcError): boolean {
  return grpcStatus !== 'INVALID_ARGUMENT' && grpcStatus !== 'ALREADY_EXISTS' && grpcStatus !== 'CANCELLED';
}
