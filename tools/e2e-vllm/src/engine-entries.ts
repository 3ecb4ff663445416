import type { Engine } from './workshop.js';

const LISTED_MS = 60_000;
const POLL_MS = 200;
/** A worker that is registered; one that is set aside is too. */
const STATE = 'state="known"';

/** An engine as `engines.yaml` names it. */
export function engineEntry(
  engine: Engine,
  tokenizerPath: string,
  role: 'prefill' | 'decode' | 'both',
): object {
  return {
    url: engine.url,
    workerId: engine.name,
    role,
    kvEvents: `tcp://127.0.0.1:${engine.eventsPort}`,
    kvReplay: `tcp://127.0.0.1:${engine.replayPort}`,
    dataParallelRanks: engine.ranks,
    tokenizerPath,
  };
}

/** Waits until routers of a page know so many workers that may be chosen. @throws Error when they do not in time. */
export async function registeredWorkers(url: string, count: number): Promise<void> {
  const endMs = performance.now() + LISTED_MS;
  for (;;) {
    const text = await fetch(`${url}/metrics`).then(
      (response) => response.text(),
      () => '',
    );
    const known = text
      .split('\n')
      .filter((line) => line.startsWith('kvasir_router_workers{') && line.includes(STATE))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    if (known >= count) return;
    if (performance.now() > endMs)
      throw new Error(`Cannot go on: ${known} of ${count} workers after ${LISTED_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
