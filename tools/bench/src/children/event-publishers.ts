/** Simulated agents: KV event publishers that store and remove runs at a steady rate over NATS. Says `{port: 0}` to its parent once they are up. */
import { connectNatsEventPlane, KvEventPublisher } from '@kvasir/event-plane';
import { systemClock } from '@kvasir/service';
import { incarnation, seededPrng, workerId } from '@kvasir/units';

const [url = '', agents = '200', eventsPerS = '500', blocksPerEvent = '8'] = process.argv.slice(2);
const TICK_MS = 20;
/** Runs that each agent holds; the oldest go as new ones come. */
const HELD_RUNS = 2_000;

const plane = await connectNatsEventPlane({ urls: [url], name: 'bench', clock: systemClock });
const prng = seededPrng(1);
const endpoint = { namespace: 'kvasir', component: 'bench', endpoint: 'generate' };

class Agent {
  readonly #publisher: KvEventPublisher;
  readonly #held: Uint32Array[] = [];
  #owed = 0;

  constructor(name: string) {
    this.#publisher = new KvEventPublisher({
      plane,
      clock: systemClock,
      endpoint,
      workerId: workerId(name),
      incarnation: incarnation('1'),
      rankStart: 0,
      rankCount: 1,
    });
  }

  async start(): Promise<void> {
    await this.#publisher.start();
  }

  act(elapsedMs: number): void {
    this.#owed += (elapsedMs / 1000) * Number(eventsPerS);
    for (; this.#owed >= 1; this.#owed -= 1) {
      const oldest = this.#held.length >= HELD_RUNS ? this.#held.shift() : undefined;
      if (oldest !== undefined) {
        this.#publisher.publishRemoved(0, oldest);
        continue;
      }
      const run = Uint32Array.from({ length: Number(blocksPerEvent) * 2 }, () => prng() * 2 ** 32);
      this.#publisher.publishStored(0, null, run);
      this.#held.push(run);
    }
  }
}

const all = Array.from({ length: Number(agents) }, (_, index) => new Agent(`agent-${index}`));
await Promise.all(all.map((agent) => agent.start()));
process.send?.({ port: 0 });
let lastMs = performance.now();
setInterval(() => {
  const nowMs = performance.now();
  for (const agent of all) agent.act(nowMs - lastMs);
  lastMs = nowMs;
}, TICK_MS);
process.on('disconnect', () => process.exit(0));
