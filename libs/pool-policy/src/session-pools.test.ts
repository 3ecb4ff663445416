import { expect, it } from 'vitest';
import { SessionPools } from './session-pools.js';

it('keeps a session on its pool while it is used, and forgets the one that was used longest ago', () => {
  const sessions = new SessionPools({ sessionsMax: 2, ttlMs: 100 });
  sessions.bind('one', 'a', 0);
  sessions.bind('two', 'b', 10);
  expect(sessions.poolOf('one', 99)).toBe('a');
  expect(sessions.poolOf('one', 100)).toBeNull();
  sessions.bind('one', 'c', 100);
  sessions.bind('three', 'd', 101);
  expect([sessions.poolOf('two', 101), sessions.poolOf('one', 101), sessions.poolOf('three', 101)]).toEqual([
    null,
    'c',
    'd',
  ]);
  expect([sessions.size, sessions.forgottenSessions]).toEqual([2, 1]);
});
