import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventAccount, FOREIGN_LOOKS_MIN, SILENT_BLOCKS_MIN } from './event-account.js';
import type { EventLook } from './event-account.js';

const BLOCK_SIZE = 16;
const QUIET: EventLook = {
  work: { computedTokens: 0, endedRequests: 0 },
  openRequests: 0,
  storedEvents: 0,
  blockSize: BLOCK_SIZE,
  isCaughtUp: true,
};

describe('EventAccount', () => {
  it('counts blocks that were surely filled since the last event', () => {
    const account = new EventAccount();
    account.look(QUIET);
    account.look({ ...QUIET, work: { computedTokens: 20 * BLOCK_SIZE, endedRequests: 3 }, openRequests: 1 });
    expect(account.state.filledBlocks).toBe(16);
    account.look({ ...QUIET, work: { computedTokens: 20 * BLOCK_SIZE, endedRequests: 3 }, storedEvents: 1 });
    expect(account.state.filledBlocks).toBe(0);
  });

  it('says nothing of an engine that says nothing, and begins anew with one whose counters do', () => {
    const account = new EventAccount();
    account.look({ ...QUIET, work: null });
    account.look({ ...QUIET, work: { computedTokens: 900, endedRequests: 0 } });
    account.look({ ...QUIET, work: { computedTokens: 10, endedRequests: 0 } });
    expect(account.state.filledBlocks).toBe(0);
  });

  it('takes events of an idle engine for another one’s, but not what comes just after work or from before', () => {
    const account = new EventAccount();
    account.look(QUIET);
    account.look({ ...QUIET, work: { computedTokens: 64, endedRequests: 1 } });
    account.look({ ...QUIET, work: { computedTokens: 64, endedRequests: 1 }, storedEvents: 4 });
    account.look({ ...QUIET, storedEvents: 9, isCaughtUp: false });
    expect(account.state.idleStores).toBe(0);
    for (let look = 1; look <= FOREIGN_LOOKS_MIN; look += 1)
      account.look({ ...QUIET, work: { computedTokens: 64, endedRequests: 1 }, storedEvents: 9 + look });
    expect(account.state.idleStores).toBe(FOREIGN_LOOKS_MIN);
  });

  it('never takes a well engine for a silent or a foreign one', () => {
    const turn = fc.record({
      prompts: fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 4 }),
      // Events may arrive one look after what they are of.
      isLate: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 40 }), (turns) => {
        const account = new EventAccount();
        let [computedTokens, endedRequests, storedEvents, late] = [0, 0, 0, 0];
        account.look(QUIET);
        for (const { prompts, isLate } of turns) {
          storedEvents += late;
          const filled = prompts.reduce((sum, tokens) => sum + Math.floor(tokens / BLOCK_SIZE), 0);
          late = isLate ? filled : 0;
          storedEvents += filled - late;
          computedTokens += prompts.reduce((sum, tokens) => sum + tokens, 0);
          endedRequests += prompts.length;
          account.look({ ...QUIET, work: { computedTokens, endedRequests }, storedEvents });
          expect(account.state.idleStores).toBe(0);
        }
        account.look({
          ...QUIET,
          work: { computedTokens, endedRequests },
          storedEvents: storedEvents + late,
        });
        expect(account.state.filledBlocks).toBeLessThan(SILENT_BLOCKS_MIN);
      }),
    );
  });
});
