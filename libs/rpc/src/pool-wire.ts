import type { ExplainPoolInput, ExplainPoolOutput, PoolHintsInput, PoolHintsOutput } from '@kvasir/contract';
import { rpcError } from './errors.js';
import type { PoolExplanation, PoolHints } from './router-messages.js';

export function encodePoolHints(hints: PoolHints | undefined): PoolHintsInput | null {
  if (hints === undefined) return null;
  const { ttftTargetMs, itlTargetMs, priority, sessionId, partnerPool, requiredLabels } = hints;
  return {
    ...(ttftTargetMs === undefined ? {} : { ttftTargetMs }),
    ...(itlTargetMs === undefined ? {} : { itlTargetMs }),
    ...(priority === undefined ? {} : { priority }),
    sessionId: sessionId ?? '',
    partnerPool: partnerPool ?? '',
    requiredLabels: [...(requiredLabels ?? [])],
  };
}

/** @throws RpcError `RPC_INVALID_FIELD` for a target that is not within 0 and `TARGET_MS_MAX`. */
export function decodePoolHints(wire: PoolHintsOutput | null): PoolHints | undefined {
  if (wire === null) return undefined;
  return {
    ttftTargetMs: checkTarget('ttft_target_ms', wire.ttftTargetMs),
    itlTargetMs: checkTarget('itl_target_ms', wire.itlTargetMs),
    priority: wire.priority,
    sessionId: wire.sessionId === '' ? undefined : wire.sessionId,
    partnerPool: wire.partnerPool === '' ? undefined : wire.partnerPool,
    requiredLabels: wire.requiredLabels,
  };
}

/** A day. */
const TARGET_MS_MAX = 86_400_000;

function checkTarget(field: string, value: number | undefined): number | undefined {
  if (value === undefined || (value >= 0 && value <= TARGET_MS_MAX)) return value;
  throw rpcError(
    'RPC_INVALID_FIELD',
    `Cannot use ${field}: it must be 0 to ${TARGET_MS_MAX} ms, received ${value}`,
  );
}

export function encodeExplanation({ pools, reason, cell, spilledFrom }: PoolExplanation): ExplainPoolInput {
  return {
    pools: pools.map(({ name, refusedFor, pressure, isSaturated, cost, inCell }) => ({
      ...{ name, isSaturated, inCell, refusedFor: refusedFor ?? '' },
      ...(pressure === null ? {} : { pressure }),
      ...(cost === null ? {} : { cost }),
    })),
    reason: reason ?? '',
    cell: [...cell],
    spilledFrom: spilledFrom ?? '',
  };
}

export function decodeExplanation(wire: ExplainPoolOutput): PoolExplanation {
  return {
    pools: wire.pools.map(({ name, refusedFor, pressure, isSaturated, cost, inCell }) => ({
      ...{ name, isSaturated, inCell },
      refusedFor: refusedFor === '' ? null : refusedFor,
      pressure: pressure ?? null,
      cost: cost ?? null,
    })),
    reason: wire.reason === '' ? null : wire.reason,
    cell: wire.cell,
    spilledFrom: wire.spilledFrom === '' ? null : wire.spilledFrom,
  };
}
