import { startNatsServer } from '@kvasir/testkit';
import { startChild } from './child.js';
import { figure } from './report.js';
import type { Suite } from './report.js';

const AGENTS = 200;
const EVENTS_PER_S = 500;
const BLOCKS_PER_EVENT = 8;
const WARM_UP_MS = 6_000;
const MEASURED_MS = 8_000;
/** "With room to spare": of one core. */
const CPU_SHARE_MAX = 0.7;

interface Answer {
  readonly cpuUs: number;
  readonly events: number;
  readonly blocks: number;
  readonly worstLagMs: number;
  readonly gaps: number;
  readonly digestMismatches: number;
}

/** One router follows many agents over a real nats-server: can it keep up, and what does it cost. */
export const eventSuite: Suite = {
  name: 'KV events over NATS',
  async run(note) {
    const server = await startNatsServer();
    const url = `nats://127.0.0.1:${server.port}`;
    const router = await startChild('event-router', [url, String(AGENTS)]);
    const agents = await startChild('event-publishers', [
      ...[url, String(AGENTS), String(EVENTS_PER_S), String(BLOCKS_PER_EVENT)],
    ]);
    await wait(WARM_UP_MS);
    const before = await router.ask<Answer>();
    await wait(MEASURED_MS);
    const after = await router.ask<Answer>();
    await agents.stop();
    await router.stop();
    await server.stop();
    const seconds = MEASURED_MS / 1000;
    const rate = (after.events - before.events) / seconds;
    const share = (after.cpuUs - before.cpuUs) / (MEASURED_MS * 1000);
    note(
      `${figure(rate)} events/s of ${figure(AGENTS * EVENTS_PER_S)}, ${figure(after.blocks)} blocks held, event loop late by at most ${figure(after.worstLagMs)} ms`,
    );
    note(`gaps ${after.gaps - before.gaps}, digest mismatches ${after.digestMismatches}`);
    return [
      {
        work: `${AGENTS} agents × ${EVENTS_PER_S} events/s of ${BLOCKS_PER_EVENT} blocks, one router`,
        budget: `absorbed with ≤ ${CPU_SHARE_MAX * 100} % of a core`,
        measured: `${figure(share * 100)} % (${figure((share * 1e6) / (rate * BLOCKS_PER_EVENT))} µs per block)`,
        isMet: share <= CPU_SHARE_MAX && rate >= 0.9 * AGENTS * EVENTS_PER_S && after.digestMismatches === 0,
      },
    ];
  },
};

function wait(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}
