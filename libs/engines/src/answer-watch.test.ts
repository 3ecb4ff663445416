import { VirtualClock } from '@kvasir/testkit';
import { incarnation } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { AnswerWatch } from './answer-watch.js';
import type { AnswerShape } from './answer-watch.js';
import { EngineLife } from './engine-life.js';

const limits = { headTimeoutMs: 100, firstTokenTimeoutMs: 300, tokenGapTimeoutMs: 50, goneSilenceMs: 10 };

function watched(shape: AnswerShape) {
  const clock = new VirtualClock();
  const life = new EngineLife(incarnation('0001'));
  const late: string[] = [];
  const held = { isHeld: false };
  const watch = new AnswerWatch({
    clock,
    limits,
    shape,
    life,
    isHeld: () => held.isHeld,
    onLate: ({ code }) => void late.push(`${code} at ${clock.nowMs()}`),
  });
  watch.start();
  return { clock, life, late, held, watch };
}

describe('AnswerWatch', () => {
  it('expects the head of a stream, then its first token, then one token after the other', () => {
    const headless = watched('stream');
    headless.clock.advance(1_000);
    expect(headless.late).toEqual(['ENGINE_TIMEOUT at 100']);

    const tokenless = watched('stream');
    tokenless.clock.advance(99);
    tokenless.watch.head();
    tokenless.clock.advance(1_000);
    expect(tokenless.late).toEqual(['ENGINE_FIRST_TOKEN_TIMEOUT at 300']);

    const stuck = watched('stream');
    stuck.watch.head();
    for (let token = 0; token < 20; token += 1) {
      stuck.clock.advance(49);
      stuck.watch.progress();
    }
    stuck.clock.advance(1_000);
    expect(stuck.late).toEqual(['ENGINE_INACTIVE at 1030']);
  });

  it('lets an answer in one piece take its time to the head, and not within', () => {
    const { clock, late, watch } = watched('whole');
    clock.advance(100_000);
    expect(late).toEqual([]);
    watch.head();
    clock.advance(1_000);
    expect(late).toEqual(['ENGINE_INACTIVE at 100050']);
  });

  it('expects the head of an answer of one token when the first token is due', () => {
    const { clock, late } = watched('oneToken');
    clock.advance(1_000);
    expect(late).toEqual(['ENGINE_FIRST_TOKEN_TIMEOUT at 300']);
  });

  it('does not count the time in which nobody reads', () => {
    const { clock, late, held, watch } = watched('stream');
    watch.head();
    watch.progress();
    held.isHeld = true;
    clock.advance(10_000);
    expect(late).toEqual([]);
    held.isHeld = false;
    clock.advance(50);
    expect(late).toEqual(['ENGINE_INACTIVE at 10050']);
  });

  it.each(['stream', 'whole', 'oneToken'] as const)(
    'ends at once when a silent engine has left (%s)',
    (shape) => {
      const { clock, late, life } = watched(shape);
      clock.advance(20);
      life.finish('left');
      expect(late).toEqual(['ENGINE_GONE at 20']);
    },
  );

  it('lets an engine that has left go on as long as it generates', () => {
    const { clock, late, life, watch } = watched('stream');
    watch.head();
    watch.progress();
    life.finish('left');
    for (let token = 0; token < 20; token += 1) {
      clock.advance(9);
      watch.progress();
    }
    expect(late).toEqual([]);
    clock.advance(9);
    expect(late).toEqual([]);
    clock.advance(1);
    expect(late).toEqual(['ENGINE_GONE at 190']);
  });

  it('ends at once when the engine has started anew, whatever has come', () => {
    const { late, life, watch } = watched('stream');
    watch.head();
    watch.progress();
    life.finish('restarted');
    expect(late).toEqual(['ENGINE_GONE at 0']);
  });

  it.each(['stream', 'whole', 'oneToken'] as const)(
    'leaves no timer and no callback behind (%s)',
    (shape) => {
      const { clock, late, life, watch } = watched(shape);
      watch.head();
      watch.progress();
      watch.stop();
      expect(clock.pendingTimerCount).toBe(0);
      life.finish('left');
      clock.advance(100_000);
      expect(late).toEqual([]);
    },
  );
});
