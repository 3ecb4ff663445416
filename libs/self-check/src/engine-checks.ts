import { finding } from './finding.js';
import type { Finding } from './finding.js';

/** One engine, as whoever looks after it sees it. */
export interface WatchedEngine {
  readonly workerId: string;
  readonly url: string;
  readonly isRegistered: boolean;
  /** Whether anybody was told where its KV events are. */
  readonly hasKvEvents: boolean;
  /** As it says itself; null when it does not. */
  readonly prefixCaching: boolean | null;
}

/** What is wrong with one engine. */
export function engineFindings(engine: WatchedEngine): readonly Finding[] {
  const { workerId, url } = engine;
  const found: Finding[] = [];
  if (!engine.isRegistered) return found;
  if (!engine.hasKvEvents)
    found.push(
      finding(
        'CHECK_NO_KV_EVENTS',
        workerId,
        `nobody was told where ${url} publishes KV events, so what its cache holds is not known and load alone decides`,
      ),
    );
  if (engine.prefixCaching === false)
    found.push(
      finding(
        'CHECK_PREFIX_CACHING_OFF',
        workerId,
        `${url} says enable_prefix_caching="False", so no prompt is ever found in its cache`,
      ),
    );
  return found;
}
