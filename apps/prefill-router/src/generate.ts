import { RpcError } from '@kvasir/rpc';
import type { GenerateEvent, GenerateRequest, RouteDecision } from '@kvasir/rpc';
import type { RequestId, WorkerId } from '@kvasir/units';
import { Attempts } from '@kvasir/worker-health';
import type { LegEnd } from '@kvasir/worker-health';
import { readSampling } from './engine-request.js';
import type { SamplingFields } from './engine-request.js';
import { engineError } from './errors.js';
import type { GenerateOutcome } from './metrics.js';
import type { ServingParts } from './parts.js';
import { EngineFault, relayEvents } from './relay-events.js';
import { book } from './route.js';

/** Workers that one request may be tried on before anything of an answer has come. */
export const ATTEMPTS_MAX = 3;

/**
 * Routes a request, books it, sends it to the engine as a streamed completion of token ids and passes each event's JSON on as it comes. The booking
 * ends with the stream, however that ends. A worker that fails before its first event is avoided and another one is tried; after the first
 * event nothing can be taken back, and the call fails.
 */
export async function* generate(
  parts: ServingParts,
  request: GenerateRequest,
  signal: AbortSignal,
): AsyncIterableIterator<GenerateEvent> {
  const requestId = request.requestId ?? parts.newRequestId();
  // Until something else is known: the caller returned this iterator.
  let outcome: GenerateOutcome = 'cancelled';
  try {
    yield* attempts({ parts, request, requestId, sampling: readSampling(request), signal });
    outcome = 'completed';
  } catch (error) {
    outcome =
      error instanceof EngineFault ? error.failure.outcome : signal.aborted ? 'cancelled' : 'rejected';
    throw error instanceof EngineFault ? engineError(error.failure, error.message) : error;
  } finally {
    parts.metrics.generated.inc({ outcome });
  }
}

interface Generating {
  readonly parts: ServingParts;
  readonly request: GenerateRequest;
  readonly requestId: RequestId;
  readonly sampling: SamplingFields;
  readonly signal: AbortSignal;
}

async function* attempts(generating: Generating): AsyncIterableIterator<GenerateEvent> {
  const { parts, request, requestId, signal } = generating;
  const tries = new Attempts(ATTEMPTS_MAX);
  let fault: EngineFault | null = null;
  for (;;) {
    const decision = await choose(generating, tries.excluded, fault);
    const { workerId } = decision;
    const watch = parts.router.leg({ workerId, requestId, patienceMs: patienceMs(request) });
    const progress = { hasEvents: false };
    let end: LegEnd = { kind: 'givenUp' };
    try {
      yield* relayEvents({
        ...{ ...generating, prompt: request.prompt, decision, progress, watch },
        isSuspect: tries.isSuspect,
      });
      end = { kind: 'succeeded' };
      return;
    } catch (error) {
      if (!(error instanceof EngineFault)) throw error;
      fault = error;
      const { code, retryAfterMs } = error.failure;
      if (!signal.aborted) end = { kind: 'failed', code, retryAfterMs };
    } finally {
      watch.ended(end);
      parts.release(requestId);
    }
    if (!tries.failed({ ...fault.failure, workerId, hasBegun: progress.hasEvents })) throw fault;
    parts.metrics.retries.inc({ reason: fault.failure.outcome });
    parts.logger.warn({ requestId, workerId, code: fault.failure.code }, 'trying another worker');
  }
}

/** Prompt tokens that even a slow engine computes in a ms. */
const PREFILL_TOKENS_PER_MS = 10;

/** How long an engine may well say nothing before its first event, in ms. */
function patienceMs({ prompt }: GenerateRequest): number {
  return prompt.tokens.length / PREFILL_TOKENS_PER_MS;
}

/** Books the next worker. When none is left, what the last one did says more than that. */
async function choose(
  { parts, request, requestId, signal }: Generating,
  failed: readonly WorkerId[],
  fault: EngineFault | null,
): Promise<RouteDecision> {
  const excludedWorkerIds = [...(request.constraints?.excludedWorkerIds ?? []), ...failed];
  const constraints = { ...request.constraints, excludedWorkerIds };
  try {
    return await book(parts.router, { ...request, requestId, constraints }, { left: () => signal });
  } catch (error) {
    throw fault !== null && error instanceof RpcError ? fault : error;
  }
}
