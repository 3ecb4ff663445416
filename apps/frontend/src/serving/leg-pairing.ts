import type { DialectName } from '@kvasir/contract';
import { dialectOf } from '@kvasir/engines';
import type { AggregatedReason } from '@kvasir/engines';
import type { ApiRequest } from '@kvasir/openai';

/** Whether the prompt of a request can be computed by one worker and decoded by another. */
export type LegPairing =
  /** By workers of these dialects, both legs by the same one. */
  | { readonly kind: 'possible'; readonly dialects: ReadonlySet<DialectName> }
  | { readonly kind: 'impossible'; readonly reason: AggregatedReason | 'noCommonDialect' };

/** @param prefill, decode what the workers of either leg speak. */
export function pairLegs(
  request: ApiRequest,
  prefill: ReadonlySet<DialectName>,
  decode: ReadonlySet<DialectName>,
): LegPairing {
  const dialects = new Set<DialectName>();
  let reason: AggregatedReason | 'noCommonDialect' = 'noCommonDialect';
  for (const name of prefill) {
    const plan = decode.has(name) ? dialectOf(name).handover?.plan(request) : undefined;
    if (plan?.kind === 'serial') dialects.add(name);
    else if (plan?.kind === 'aggregated') ({ reason } = plan);
  }
  return dialects.size > 0 ? { kind: 'possible', dialects } : { kind: 'impossible', reason };
}
