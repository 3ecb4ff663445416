import type { PoolRole } from '@kvasir/pool-policy';
import { RpcError } from '@kvasir/rpc';
import type { GenerateEvent, GenerateRequest } from '@kvasir/rpc';
import { globalRouterError } from './errors.js';
import type { PoolLink } from './pool-link.js';
import { chooseOrder, decided, mayBeMended } from './route-request.js';
import type { RoutingParts } from './route-request.js';

/**
 * Relays a generation from the best pool that takes it. A pool that fails before anything of an answer has come hands the request on to the next one;
 * after that nothing can be taken back, and its failure is passed on as it is. Leaving the iteration cancels the pool's call.
 */
export async function* relayGenerate(
  parts: RoutingParts,
  role: PoolRole,
  request: GenerateRequest,
  signal: AbortSignal,
): AsyncIterableIterator<GenerateEvent> {
  const { links, settle } = await chooseOrder(parts, role, request);
  let last: RpcError | null = null;
  for (const [index, link] of links.entries()) {
    const progress = { hasChunks: false };
    try {
      yield* fromPool(link, request, { signal, progress, settle });
      parts.chooser.bind(request, role, link.config.name);
      return;
    } catch (error) {
      if (!(error instanceof RpcError) || progress.hasChunks || !mayBeMended(error)) throw error;
      last = error;
      const next = links[index + 1]?.config.name ?? null;
      parts.logger.warn({ pool: link.config.name, code: error.code, next }, 'pool failed');
      if (next !== null) parts.metrics.failOvers.inc({ from: link.config.name, to: next });
    }
  }
  throw last ?? globalRouterError('POOL_NONE_ANSWERED', 'Cannot generate: no pool is left to ask');
}

/** The events of one pool. Where it went is told with the first chunk: before that the pool may still be left for another. */
async function* fromPool(
  link: PoolLink,
  request: GenerateRequest,
  {
    signal,
    progress,
    settle,
  }: {
    readonly signal: AbortSignal;
    readonly progress: { hasChunks: boolean };
    readonly settle: () => void;
  },
): AsyncIterableIterator<GenerateEvent> {
  const call = link.call((client) =>
    firstEvent(client.generate(request, { signal })[Symbol.asyncIterator]()),
  );
  const stream = await call.finally(settle);
  const { first, rest } = stream.answer;
  link.assigned(stream.address);
  let routed: GenerateEvent | null = null;
  try {
    for (let event = first; event !== null; event = await nextOf(rest)) {
      if (event.kind === 'routed') {
        routed = { kind: 'routed', decision: decided(link, event.decision, stream.address) };
        continue;
      }
      if (routed !== null) yield routed;
      routed = null;
      progress.hasChunks = true;
      yield event;
    }
    if (routed !== null) yield routed;
  } finally {
    await rest.return?.();
  }
}

interface OpenedStream {
  /** Null for an answer without events. */
  readonly first: GenerateEvent | null;
  readonly rest: AsyncIterator<GenerateEvent>;
}

async function firstEvent(events: AsyncIterator<GenerateEvent>): Promise<OpenedStream> {
  return { first: await nextOf(events), rest: events };
}

async function nextOf(events: AsyncIterator<GenerateEvent>): Promise<GenerateEvent | null> {
  const next: IteratorResult<GenerateEvent, unknown> = await events.next();
  return next.done === true ? null : next.value;
}
