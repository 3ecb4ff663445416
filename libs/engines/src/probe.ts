import { callEngine } from './call-engine.js';
import type { EngineClient } from './engine-client.js';
import type { EngineDialect } from './engine-dialect.js';
import type { EngineFailure } from './errors.js';

/** How long a probe may take: one token of a short prompt, behind what the engine has running. */
export const PROBE_TIMEOUT_MS = 5_000;

export type ProbeOutcome =
  { readonly kind: 'serves' } | { readonly kind: 'fails'; readonly failure: EngineFailure | null };

/**
 * Lets an engine generate one token: what its health route says does not show that it can. An engine that has no room now serves all the same.
 * Never rejects. A null failure means that the probe was aborted or took longer than `timeoutMs`.
 */
export async function probeEngine(
  client: EngineClient,
  engine: { readonly url: string; readonly dialect: EngineDialect; readonly model: string },
  options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
): Promise<ProbeOutcome> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? PROBE_TIMEOUT_MS);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  const answer = await callEngine(client, engine, engine.dialect.probe(engine.model), { signal });
  if (answer.kind === 'ok') return { kind: 'serves' };
  if (answer.kind === 'aborted') return { kind: 'fails', failure: null };
  return answer.failure.outcome === 'workerFault'
    ? { kind: 'fails', failure: answer.failure }
    : { kind: 'serves' };
}
