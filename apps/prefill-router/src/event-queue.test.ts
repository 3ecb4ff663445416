import { describe, expect, it } from 'vitest';
import { EventQueue } from './event-queue.js';

const ignore = (): void => undefined;

async function readAll(queue: EventQueue): Promise<string[]> {
  const all: string[] = [];
  for await (const item of queue.read()) all.push(item.toString());
  return all;
}

describe('EventQueue', () => {
  it('hands items over in order, also those that come while the reader waits', async () => {
    const queue = new EventQueue();
    queue.push(Buffer.from('a'), ignore);
    const reading = readAll(queue);
    await Promise.resolve();
    queue.push(Buffer.from('b'), ignore);
    queue.push(Buffer.from('c'), ignore);
    queue.end();
    expect(await reading).toEqual(['a', 'b', 'c']);
  });

  it('ends at once when nothing more comes', async () => {
    const queue = new EventQueue();
    queue.end();
    expect(await readAll(queue)).toEqual([]);
  });

  it('asks the writer to pause beyond its limit and to resume once all is read', async () => {
    const queue = new EventQueue();
    let resumed = 0;
    const resume = (): void => void (resumed += 1);
    const half = Buffer.alloc(524_288);
    expect(queue.push(half, resume)).toBe(true);
    expect(queue.push(half, resume)).toBe(true);
    expect(queue.push(Buffer.from('x'), resume)).toBe(false);
    const reader = queue.read();
    await reader.next();
    await reader.next();
    expect(resumed).toBe(0);
    await reader.next();
    expect(resumed).toBe(1);
    expect(queue.push(half, resume)).toBe(true);
  });
});
