import { PromptBlocks } from '@kvasir/block-hash';
import { Scheduler, SCHEDULER_OPTIONS_DEFAULT } from '@kvasir/scheduler';
import { requestId, seededPrng, workerId } from '@kvasir/units';
import type { RequestId } from '@kvasir/units';
import type { Trace } from './conversation-trace.js';
import { percentiles, timeEach } from './measure.js';
import { figure } from './report.js';
import type { BudgetLine, Suite } from './report.js';

const TARGET_COUNT = 1000;
const BLOCK_SIZE = 64;
/** Requests that run at a time; the oldest is freed when another comes. */
const RUNNING = 2_000;

/** Choosing among, and routing to, 1,000 targets. */
export function routeSuite(trace: Trace): Suite {
  return { name: 'scheduler', run: () => Promise.resolve([chooseLine(), routeLine(trace)]) };
}

function poolOf(targetCount: number): Scheduler {
  const scheduler = new Scheduler(
    { ...SCHEDULER_OPTIONS_DEFAULT, blockSize: BLOCK_SIZE, indexBlocksMax: 4_000_000 },
    seededPrng(1),
  );
  for (let worker = 0; worker < targetCount; worker += 1) {
    scheduler.step({
      kind: 'targetAdded',
      target: { workerId: workerId(`worker-${worker}`), rank: 0, taints: [] },
      isEligible: true,
    });
  }
  return scheduler;
}

/** Project load, weigh, pick and book among loaded targets, for a prompt of 32 blocks that is hashed already. */
function chooseLine(): BudgetLine {
  const scheduler = poolOf(TARGET_COUNT);
  const prompts = Array.from({ length: 512 }, (_, seed) => promptOf([seed], 32 * BLOCK_SIZE));
  for (const prompt of prompts) prompt.hashTo(prompt.blockCount);
  const ids: RequestId[] = [];
  const times = timeEach(10_000, 5_000, (call) => {
    const id = requestId(`r${ids.length}`);
    ids.push(id);
    const prompt = prompts[call % prompts.length];
    if (prompt !== undefined) scheduler.step({ kind: 'route', requestId: id, prompt, nowMs: call });
    const oldest = ids[ids.length - RUNNING];
    if (oldest !== undefined) scheduler.step({ kind: 'freed', requestId: oldest });
  });
  return {
    work: 'choose among 1,000 targets (project load, cost, pick, book; and free one)',
    budget: '≤ 50 µs p50',
    measured: `${figure(times.p50)} µs p50, ${figure(times.p99)} p99`,
    isMet: times.p50 <= 50,
  };
}

/** Hash, match, weigh and book each request of the trace; the chosen target then stores it, which is not counted. */
function routeLine(trace: Trace): BudgetLine {
  const scheduler = poolOf(TARGET_COUNT);
  const samples = new Float64Array(trace.length);
  trace.forEach((blocks, index) => {
    const tokens = tokensOf(blocks);
    const startMs = performance.now();
    const prompt = new PromptBlocks(tokens, BLOCK_SIZE);
    const id = requestId(`r${index}`);
    const [effect] = scheduler.step({ kind: 'route', requestId: id, prompt, nowMs: index });
    samples[index] = (performance.now() - startMs) * 1000;
    if (effect?.kind !== 'routed')
      throw new TypeError(`Cannot measure: received ${effect?.kind ?? 'nothing'}`);
    const { workerId: worker, rank } = effect.decision;
    prompt.hashTo(prompt.blockCount);
    scheduler.step({ kind: 'kvStored', workerId: worker, rank, parent: null, hashes: prompt.words });
    if (index >= RUNNING) scheduler.step({ kind: 'freed', requestId: requestId(`r${index - RUNNING}`) });
  });
  const times = percentiles(samples);
  const perSecond = 1e6 / times.mean;
  return {
    work: `route ${trace.length.toLocaleString('en-US')} conversation requests among 1,000 targets`,
    budget: '≥ 10,000/s, ≤ 1 ms p99',
    measured: `${figure(perSecond)}/s, ${figure(times.p99 / 1000)} ms p99`,
    isMet: perSecond >= 10_000 && times.p99 <= 1000,
  };
}

/** Tokens of a trace's blocks (512 tokens each): equal ids give equal tokens. */
function tokensOf(blocks: readonly number[]): Uint32Array {
  const tokens = new Uint32Array(blocks.length * 512);
  blocks.forEach((id, index) => tokens.fill(id, index * 512, index * 512 + 512));
  return tokens;
}

function promptOf(seeds: readonly number[], tokenCount: number): PromptBlocks {
  return new PromptBlocks(
    Uint32Array.from({ length: tokenCount }, (_, index) => (seeds[0] ?? 0) * 1_000 + (index >>> 6)),
    BLOCK_SIZE,
  );
}
