import { workerId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { Attempts } from './attempts.js';
import { outcomes } from './outcomes.js';
import type { OutcomeCode } from './outcomes.js';

function fails(
  attempts: Attempts,
  code: OutcomeCode,
  more: { hasBegun?: boolean; retryAfterMs?: number } = {},
) {
  const { hasBegun = false, retryAfterMs = null } = more;
  const id = workerId(`w${attempts.totalCount}`);
  return attempts.failed({ ...outcomes[code], workerId: id, code, hasBegun, retryAfterMs });
}

describe('Attempts', () => {
  it('goes on after what is no fault of the request, as often as a leg may', () => {
    const attempts = new Attempts(3);
    expect([1, 2, 3].map(() => fails(attempts, 'ENGINE_UNREACHABLE'))).toEqual([true, true, false]);
    expect(attempts.excluded).toEqual(['w0', 'w1', 'w2']);
  });

  it('ends after a client’s fault, and once the answer has begun', () => {
    expect(fails(new Attempts(3), 'ENGINE_REFUSED')).toBe(false);
    expect(fails(new Attempts(3), 'ENGINE_DISCONNECTED', { hasBegun: true })).toBe(false);
  });

  it('troubles no third worker with what has broken two, in whichever leg', () => {
    const attempts = new Attempts(5);
    expect(fails(attempts, 'ENGINE_DISCONNECTED')).toBe(true);
    expect(attempts.isSuspect).toBe(true);
    attempts.beginLeg();
    expect([attempts.failedCount, attempts.excluded]).toEqual([0, []]);
    expect(fails(attempts, 'ENGINE_INCOMPLETE')).toBe(false);
    expect(attempts.mayGoOn).toBe(false);
  });

  it('lets another leg have its two answers of 5xx', () => {
    const attempts = new Attempts(5);
    expect([fails(attempts, 'ENGINE_ERROR_STATUS'), fails(attempts, 'ENGINE_ERROR_STATUS')]).toEqual([
      true,
      false,
    ]);
    attempts.beginLeg();
    expect([attempts.mayGoOn, fails(attempts, 'ENGINE_ERROR_STATUS')]).toEqual([true, true]);
  });

  it('keeps the longest wait that an engine asked for', () => {
    const attempts = new Attempts(5);
    for (const retryAfterMs of [3_000, 17_000, 1_000]) fails(attempts, 'ENGINE_OVERLOADED', { retryAfterMs });
    expect(attempts.retryAfterMs).toBe(17_000);
  });
});
