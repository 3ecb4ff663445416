import { performance } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { fuzz } from '../fuzz-loop.js';
import { SharedInput } from '../shared-input.js';
import type { FuzzTask } from '../run-fuzz.js';
import { targets } from '../targets/index.js';

const { targetName, seed, budgetMs, kept, memory } = workerData as FuzzTask;
const target = targets.find(({ name }) => name === targetName);
if (target === undefined) throw new TypeError(`Cannot fuzz "${targetName}": there is no such decoder`);
const shared = new SharedInput(memory);
const outcome = fuzz(target, {
  ...{ seed, budgetMs, kept },
  nowMs: () => performance.now(),
  begin: (input) => shared.begin(input),
});
parentPort?.postMessage(outcome);
