import { startChild } from './child.js';
import type { BenchChild } from './child.js';
import { send } from './load.js';
import { figure } from './report.js';
import type { Suite } from './report.js';

const PROMPT_TOKENS = 1_024;
const CHUNKS = 128;
const CONCURRENCY = 16;
const WARM_UP_REQUESTS = 10_000;
const PLAIN_REQUESTS = 4_000;
const STREAM_REQUESTS = 600;
/** Measured in turn, so that a busy moment of the machine falls on both; the best of each counts. */
const ROUNDS = 3;

/** CPU per request of one process, in microseconds: of whole answers, and of streams of `CHUNKS` events. */
interface Hop {
  readonly plainUs: number;
  readonly streamUs: number;
}

/** The frontend beside a bare fastify + undici proxy before the same upstream: CPU of the process, by its own account. */
export const frontendSuite: Suite = {
  name: 'frontend hop',
  async run(note) {
    const upstream = await startChild('upstream', [String(CHUNKS)]);
    const url = `http://127.0.0.1:${upstream.port}`;
    const bare = await startChild('bare-proxy', [url]);
    const frontend = await startChild('frontend-server', [url]);
    const [bareHop, frontendHop] = await measureInTurn(bare, frontend);
    for (const child of [frontend, bare, upstream]) await child.stop();
    note(`bare proxy ${figure(bareHop.plainUs)} µs plain, ${figure(bareHop.streamUs)} µs streaming`);
    note(`frontend   ${figure(frontendHop.plainUs)} µs plain, ${figure(frontendHop.streamUs)} µs streaming`);
    const chunkUs = (frontendHop.streamUs - frontendHop.plainUs) / CHUNKS;
    const bareChunkUs = (bareHop.streamUs - bareHop.plainUs) / CHUNKS;
    return [
      ratioLine(
        `frontend hop, ${figure(PROMPT_TOKENS)} token ids, whole answer`,
        frontendHop.plainUs,
        bareHop.plainUs,
      ),
      ratioLine(`the same, stream of ${CHUNKS} chunks`, frontendHop.streamUs, bareHop.streamUs),
      {
        work: 'relayed chunk',
        budget: '≤ 10 µs CPU',
        measured: `${figure(chunkUs)} µs (bare ${figure(bareChunkUs)})`,
        isMet: chunkUs <= 10,
      },
    ];
  },
};

function ratioLine(work: string, us: number, bareUs: number) {
  const ratio = us / bareUs;
  return {
    work,
    budget: '≤ 1.5 × the CPU of a bare proxy',
    measured: `${figure(ratio)} × (${figure(us)} µs)`,
    isMet: ratio <= 1.5,
  };
}

async function measureInTurn(...children: readonly BenchChild[]): Promise<[Hop, Hop]> {
  const best = children.map((): Hop => ({ plainUs: Infinity, streamUs: Infinity }));
  for (const child of children) {
    await cpuPerRequestUs(child, WARM_UP_REQUESTS, false);
    await cpuPerRequestUs(child, STREAM_REQUESTS, true);
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, child] of children.entries()) {
      const plainUs = await cpuPerRequestUs(child, PLAIN_REQUESTS, false);
      const streamUs = await cpuPerRequestUs(child, STREAM_REQUESTS, true);
      const before = best[index] ?? { plainUs, streamUs };
      best[index] = {
        plainUs: Math.min(before.plainUs, plainUs),
        streamUs: Math.min(before.streamUs, streamUs),
      };
    }
  }
  const [first, second] = best;
  if (first === undefined || second === undefined) throw new RangeError('Cannot measure fewer than two');
  return [first, second];
}

async function cpuPerRequestUs(child: BenchChild, requests: number, isStream: boolean): Promise<number> {
  const prompt = Array.from({ length: PROMPT_TOKENS }, (_, index) => (index * 7) % 1_400);
  const body = JSON.stringify({
    model: 'kvasir-mock',
    prompt,
    max_tokens: CHUNKS,
    ...(isStream ? { stream: true } : {}),
  });
  const before = await child.cpuUs();
  await send({ port: child.port, path: '/v1/completions', body, requests, concurrency: CONCURRENCY });
  return ((await child.cpuUs()) - before) / requests;
}
