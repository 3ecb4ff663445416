import { VirtualClock } from '@kvasir/testkit';
import { describe, expect, it } from 'vitest';
import { RequestScope } from './request-scope.js';

describe('RequestScope', () => {
  it('ends at its deadline, once for everything', () => {
    const clock = new VirtualClock();
    const scope = new RequestScope(clock, 1000);
    clock.advance(400);
    expect([scope.remainingMs(), scope.hasEnded(), scope.endError()]).toEqual([600, false, null]);
    clock.advance(600);
    expect(scope.signal.aborted).toBe(true);
    expect(scope.endError()?.code).toBe('request_timeout');
    scope.end('clientLeft');
    expect(scope.endCause()).toBe('deadline');
    expect(scope.remainingMs()).toBe(1);
  });

  it.each([
    ['clientLeft', 499],
    ['closing', 503],
  ] as const)('ends early because of %s', (cause, status) => {
    const clock = new VirtualClock();
    const scope = new RequestScope(clock, 1000);
    scope.end(cause);
    expect(scope.endError()?.status).toBe(status);
    expect(clock.pendingTimerCount).toBe(0);
  });

  it('leaves no timer when the answer is complete', () => {
    const clock = new VirtualClock();
    const scope = new RequestScope(clock, 1000);
    scope.settle();
    expect(clock.pendingTimerCount).toBe(0);
    expect(scope.signal.aborted).toBe(false);
  });
});
