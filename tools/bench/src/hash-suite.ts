import { PromptBlocks } from '@kvasir/block-hash';
import { timeEach } from './measure.js';
import { figure } from './report.js';
import type { Suite } from './report.js';

const PROMPT_TOKENS = 131_072;
const BLOCK_SIZE = 64;
const BUDGET_US = 100;

export const hashSuite: Suite = {
  name: 'block-hash',
  run() {
    const tokens = Uint32Array.from(
      { length: PROMPT_TOKENS },
      (_, index) => Math.imul(index, 2_654_435_761) >>> 15,
    );
    const whole = timeEach(2_000, 500, () => {
      const prompt = new PromptBlocks(tokens, BLOCK_SIZE);
      prompt.hashTo(prompt.blockCount);
    });
    return Promise.resolve([
      {
        work: 'hash a 128k-token prompt, block 64, one call',
        budget: `≤ ${BUDGET_US} µs p50`,
        measured: `${figure(whole.p50)} µs p50, ${figure(whole.p99)} p99`,
        isMet: whole.p50 <= BUDGET_US,
      },
    ]);
  },
};
