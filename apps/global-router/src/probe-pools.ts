import type { PoolProbe } from '@kvasir/pool-policy';
import { RpcError } from '@kvasir/rpc';
import type { BestWorkerIdRequest } from '@kvasir/rpc';
import type { Clock } from '@kvasir/service';
import type { GlobalRouterMetrics } from './metrics.js';
import type { PoolLink } from './pool-link.js';

/** Asks pools for their best workers without booking, all at once. Never rejects, and never takes longer than the deadline. */
export async function probePools(
  links: readonly PoolLink[],
  { prompt, overrides, constraints, poolHints }: BestWorkerIdRequest,
  context: { readonly deadlineMs: number; readonly clock: Clock; readonly metrics: GlobalRouterMetrics },
): Promise<readonly PoolProbe[]> {
  const { deadlineMs, clock, metrics } = context;
  const startMs = clock.nowMs();
  const leaving = new AbortController();
  let cancel = (): void => undefined;
  const late = new Promise<null>((resolve) => {
    cancel = clock.after(deadlineMs, () => {
      resolve(null);
    });
  });
  const probes = links.map(async (link): Promise<PoolProbe> => {
    const pool = link.config.name;
    const asked = link
      .probe((client) =>
        client.bestWorkerId(
          { prompt, overrides, constraints, poolHints },
          { deadlineMs, signal: leaving.signal },
        ),
      )
      .catch((error: unknown) => {
        if (error instanceof RpcError) return error;
        throw error;
      });
    const answer = await Promise.race([asked, late]);
    const outcome = outcomeOf(answer);
    metrics.probes.inc({ pool, outcome: outcome.kind });
    if (outcome.kind === 'answered')
      metrics.probeSeconds.observe({ pool }, (clock.nowMs() - startMs) / 1_000);
    return { pool, outcome };
  });
  try {
    return await Promise.all(probes);
  } finally {
    cancel();
    leaving.abort();
  }
}

type Answer =
  { readonly cost: number; readonly overlapBlocks: number; readonly promptBlocks: number } | RpcError | null;

function outcomeOf(answer: Answer): PoolProbe['outcome'] {
  if (answer === null) return { kind: 'late' };
  if (answer instanceof RpcError)
    return { kind: answer.grpcStatus === 'DEADLINE_EXCEEDED' ? 'late' : 'failed' };
  const { cost, overlapBlocks, promptBlocks } = answer;
  return { kind: 'answered', cost, overlapBlocks, promptBlocks };
}
