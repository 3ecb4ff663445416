import type { ApiRequest } from '@kvasir/openai';
import type { PoolHints } from '@kvasir/rpc';

/** What a request says of how it would like to be served. @param partnerPool the pool of the other leg, once that is known. */
export function poolHints({ hints }: ApiRequest, partnerPool: string | null): PoolHints {
  return {
    ttftTargetMs: hints.ttftTargetMs ?? undefined,
    itlTargetMs: hints.itlTargetMs ?? undefined,
    priority: hints.priority ?? undefined,
    sessionId: hints.sessionId ?? undefined,
    partnerPool: partnerPool ?? undefined,
  };
}
