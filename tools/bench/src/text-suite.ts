import { createTextService, mockTokenizerPath } from '@kvasir/text';
import type { TextService } from '@kvasir/text';
import { timeEachAsync } from './measure.js';
import { figure } from './report.js';
import type { Suite } from './report.js';

const SENTENCE = 'How long is the pier, and who keeps the book? ';
const LONG_TEXT = SENTENCE.repeat(Math.ceil(15_000_000 / SENTENCE.length));
const SHORT_CALLS = 100;
/** A slice is some 2 ms of work on a free core, and a short text waits for one at most. */
const OVERTAKING_BUDGET_MS = 50;

export const textSuite: Suite = {
  name: 'text',
  async run() {
    const text = createTextService({ tokenizerPath: mockTokenizerPath, isDecoding: false });
    await text.start();
    try {
      const alone = await shortCalls(text);
      const left = new AbortController();
      const long = text.encodeText(LONG_TEXT, { signal: left.signal }).catch(() => null);
      const beside = await shortCalls(text);
      left.abort();
      await long;
      return [
        {
          work: `encode two characters beside a text of 15 MB (alone: ${figure(alone.p99 / 1000)} ms p99)`,
          budget: `≤ ${OVERTAKING_BUDGET_MS} ms p99`,
          measured: `${figure(beside.p50 / 1000)} ms p50, ${figure(beside.p99 / 1000)} p99`,
          isMet: beside.p99 / 1000 <= OVERTAKING_BUDGET_MS,
        },
      ];
    } finally {
      await text.close();
    }
  },
};

async function shortCalls(text: TextService) {
  return await timeEachAsync(SHORT_CALLS, 5, async () => {
    await text.encodeText('hi');
  });
}
