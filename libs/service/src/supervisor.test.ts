import { VirtualClock } from '@kvasir/testkit';
import { describe, expect, it } from 'vitest';
import type { Component } from './component.js';
import { createLogger } from './logger.js';
import { Supervisor } from './supervisor.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const never = new AbortController().signal;

/** A component that writes what happens to it into a story. */
function actor(story: string[], name: string, script: Partial<Component> = {}): Component {
  return {
    name,
    start(signal) {
      story.push(`start ${name}`);
      return script.start?.(signal) ?? Promise.resolve();
    },
    drain(deadlineMs) {
      story.push(`drain ${name} ${deadlineMs}`);
      return script.drain?.(deadlineMs) ?? Promise.resolve({ abandonedRequests: 0 });
    },
    close() {
      story.push(`close ${name}`);
      return script.close?.() ?? Promise.resolve();
    },
  };
}

function supervise(components: readonly Component[], clock = new VirtualClock()): Supervisor {
  return new Supervisor({ name: 'stack', components, logger, clock });
}

describe('Supervisor', () => {
  it('starts in order, drains and closes in reverse', async () => {
    const story: string[] = [];
    const supervisor = supervise([actor(story, 'a'), actor(story, 'b')]);
    expect(supervisor.state).toBe('idle');
    await supervisor.start(never);
    expect(supervisor.state).toBe('running');
    await supervisor.drain(100);
    expect(supervisor.state).toBe('draining');
    await supervisor.close();
    expect(supervisor.state).toBe('closed');
    expect(story).toEqual(['start a', 'start b', 'drain b 100', 'drain a 100', 'close b', 'close a']);
  });

  it('closes what had started when a start fails, and gives the reason', async () => {
    const story: string[] = [];
    const broken = actor(story, 'b', { start: () => Promise.reject(new Error('port taken')) });
    const supervisor = supervise([actor(story, 'a'), broken, actor(story, 'c')]);
    await expect(supervisor.start(never)).rejects.toThrow('port taken');
    expect(supervisor.state).toBe('failed');
    expect(story).toEqual(['start a', 'start b', 'close a']);
  });

  it('stops starting when the signal aborts', async () => {
    const story: string[] = [];
    const stop = new AbortController();
    const first = actor(story, 'a', {
      start: () => {
        stop.abort();
        return Promise.resolve();
      },
    });
    await expect(supervise([first, actor(story, 'b')]).start(stop.signal)).rejects.toThrow();
    expect(story).toEqual(['start a', 'close a']);
  });

  it('gives each component what is left of the deadline and adds up what was abandoned', async () => {
    const story: string[] = [];
    const clock = new VirtualClock();
    const slow = actor(story, 'b', {
      drain: () => {
        clock.advance(70);
        return Promise.resolve({ abandonedRequests: 2 });
      },
    });
    const slower = actor(story, 'a', {
      drain: () => {
        clock.advance(70);
        return Promise.resolve({ abandonedRequests: 1 });
      },
    });
    const supervisor = supervise([actor(story, '0'), slower, slow], clock);
    await supervisor.start(never);
    const [first, second] = [supervisor.drain(100), supervisor.drain(5)];
    expect(await first).toEqual({ abandonedRequests: 3 });
    expect(await second).toEqual({ abandonedRequests: 3 });
    expect(story.filter((line) => line.startsWith('drain'))).toEqual([
      'drain b 100',
      'drain a 30',
      'drain 0 0',
    ]);
  });

  it('closes the others when one fails to close, then says so', async () => {
    const story: string[] = [];
    const broken = actor(story, 'b', { close: () => Promise.reject(new Error('stuck')) });
    const supervisor = supervise([actor(story, 'a'), broken]);
    await supervisor.start(never);
    await expect(supervisor.close()).rejects.toThrow(AggregateError);
    await expect(supervisor.close()).rejects.toThrow(AggregateError);
    expect(story).toEqual(['start a', 'start b', 'close b', 'close a']);
  });

  it('may be drained and closed before it was started, but not started twice', async () => {
    const supervisor = supervise([]);
    expect(await supervisor.drain(1)).toEqual({ abandonedRequests: 0 });
    await supervisor.start(never);
    await expect(supervisor.start(never)).rejects.toThrow('Cannot start stack: it is running');
    await supervisor.close();
  });
});
