import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ATTACKED_RSS_MAX_MIB } from '../src/attack-suite.js';
import { attacks, startAttack } from '../src/attacks.js';
import { sendBystanders } from '../src/bystanders.js';
import { startChild } from '../src/child.js';
import type { BenchChild } from '../src/child.js';

const MIB = 1024 * 1024;
const REQUESTS = 200;

/** The sum of one metric over all its labels. */
async function metric(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

describe('a frontend that is attacked', () => {
  let upstream: BenchChild;

  beforeAll(async () => {
    upstream = await startChild('upstream');
  });
  afterAll(() => upstream.stop());

  it.each(attacks())('answers the others, and stays within its memory: $name', async (attack) => {
    const frontend = await startChild('frontend-server', [`http://127.0.0.1:${upstream.port}`]);
    try {
      let isSent = false;
      const running = startAttack(attack, frontend.port);
      void running.sent.then(() => (isSent = true));
      const { statuses, latenciesMs } = await sendBystanders(frontend.port, REQUESTS, () => isSent);
      expect([...statuses.keys()]).toEqual([200]);
      expect(latenciesMs.length).toBeGreaterThanOrEqual(REQUESTS);
      const held = await metric(frontend.port, 'kvasir_frontend_body_bytes_in_flight');
      expect(held).toBeLessThanOrEqual(256 * MIB);
      const { rssBytes } = await frontend.ask<{ rssBytes: number }>();
      expect(rssBytes).toBeLessThan(ATTACKED_RSS_MAX_MIB * MIB);
      running.stop();
      const nothingIsHeld = async (): Promise<number> =>
        (await metric(frontend.port, 'kvasir_frontend_body_bytes_in_flight')) +
        (await metric(frontend.port, 'kvasir_frontend_bodies_arriving'));
      await expect.poll(nothingIsHeld, { timeout: 30_000 }).toBe(0);
    } finally {
      await frontend.stop();
    }
  });
});
