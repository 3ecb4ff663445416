import type { FrontendMetrics } from '../metrics.js';
import type { RequestRecord } from './request-record.js';

/**
 * Counts whether a stream that has ended well kept the latency targets that it named: time to first token for the pool of its prompt, the mean time
 * between tokens for the pool of its answer. What came in one piece shows neither.
 */
export function countTargets(
  { targets }: Pick<FrontendMetrics, 'targets'>,
  record: RequestRecord,
  endMs: number,
): void {
  const { hints, firstTokenMs, startMs, outputTokens, prefillPool, decodePool } = record;
  if (hints === null || firstTokenMs === null) return;
  const count = (target: 'ttft' | 'itl', pool: string | null, isMet: boolean): void =>
    targets.inc({ target, pool: pool ?? '', outcome: isMet ? 'met' : 'missed' });
  const { ttftTargetMs, itlTargetMs } = hints;
  if (ttftTargetMs !== null) count('ttft', prefillPool ?? decodePool, firstTokenMs - startMs <= ttftTargetMs);
  if (itlTargetMs === null || outputTokens < 2) return;
  count('itl', decodePool, (endMs - firstTokenMs) / (outputTokens - 1) <= itlTargetMs);
}
