import { attacks } from './attacks.js';
import { quantile, sendBystanders } from './bystanders.js';
import { startChild } from './child.js';
import { figure } from './report.js';
import type { BudgetLine, Suite } from './report.js';

const REQUESTS = 2_000;
const P99_GROWTH_MAX_MS = 100;
/** What a frontend may grow to while the largest of the attacks goes on. */
export const ATTACKED_RSS_MAX_MIB = 1_536;
const MIB = 1024 * 1024;

interface FrontendState {
  readonly rssBytes: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
}

/** What small requests of others wait while a client sends what is meant to hold everybody up. */
export const attackSuite: Suite = {
  name: 'attacks on a frontend',
  async run(note) {
    const upstream = await startChild('upstream');
    const lines: BudgetLine[] = [];
    for (const attack of attacks()) {
      const frontend = await startChild('frontend-server', [`http://127.0.0.1:${upstream.port}`]);
      await sendBystanders(frontend.port, REQUESTS, () => true);
      const before = quantile((await sendBystanders(frontend.port, REQUESTS, () => true)).latenciesMs, 0.99);
      // In a process of its own: whoever writes gigabytes measures itself.
      const attacker = await startChild('attacker', [attack.name, String(frontend.port)]);
      await frontend.ask();
      let isSent = false;
      void attacker.ask().then(() => (isSent = true));
      const during = await sendBystanders(frontend.port, REQUESTS, () => isSent);
      const { rssBytes, loopDelayP99Ms, loopDelayMaxMs } = await frontend.ask<FrontendState>();
      await attacker.stop();
      await frontend.stop();
      const after = quantile(during.latenciesMs, 0.99);
      note(
        `${attack.name}: p99 ${figure(before)} → ${figure(after)} ms, RSS ${figure(rssBytes / MIB)} MiB, delays of its event loop: p99 ${figure(loopDelayP99Ms)} ms, at most ${figure(loopDelayMaxMs)} ms`,
      );
      lines.push({
        work: `p99 of others beside ${attack.name}`,
        budget: `≤ ${P99_GROWTH_MAX_MS} ms more, RSS ≤ ${ATTACKED_RSS_MAX_MIB} MiB`,
        measured: `${figure(after - before)} ms more, ${figure(rssBytes / MIB)} MiB`,
        isMet: after - before <= P99_GROWTH_MAX_MS && rssBytes <= ATTACKED_RSS_MAX_MIB * MIB,
      });
    }
    await upstream.stop();
    return lines;
  },
};
