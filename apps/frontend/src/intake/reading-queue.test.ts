import { parseChatRequest, chatRequestReader } from '@kvasir/openai';
import { describe, expect, it } from 'vitest';
import { READ_SLICE_BYTES, ReadingQueue } from './reading-queue.js';

const body = (bytes: number): Buffer =>
  Buffer.from(JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(bytes) }] }));

/** Turns of an event loop that this test makes. */
function turns() {
  const due: (() => void)[] = [];
  return {
    next: (callback: () => void): void => void due.push(callback),
    run(): boolean {
      const callback = due.shift();
      callback?.();
      return callback !== undefined;
    },
  };
}

const stays = (): boolean => false;

describe('ReadingQueue', () => {
  it('reads at once what is short', () => {
    const queue = new ReadingQueue(() => {
      throw new Error('nothing waits');
    });
    const bytes = body(1000);
    expect(queue.read(chatRequestReader(bytes), stays)).toEqual(parseChatRequest(bytes));
  });

  it('reads a slice a turn of what is long, the shortest first', async () => {
    const loop = turns();
    const queue = new ReadingQueue(loop.next);
    const ended: string[] = [];
    const read = (what: string, slices: number): Promise<unknown> =>
      Promise.resolve(queue.read(chatRequestReader(body(slices * READ_SLICE_BYTES)), stays)).then(
        (reading) => {
          ended.push(what);
          return reading?.kind;
        },
      );
    const long = read('long', 20);
    loop.run();
    const short = read('short', 2);
    let count = 1;
    while (loop.run()) {
      count += 1;
      await Promise.resolve();
    }
    expect(await Promise.all([long, short])).toEqual(['ok', 'ok']);
    expect(ended).toEqual(['short', 'long']);
    expect(count).toBeGreaterThanOrEqual(22);
    expect(count).toBeLessThanOrEqual(25);
    expect(queue.waitingCount).toBe(0);
  });

  it('forgets who has gone', async () => {
    const loop = turns();
    const queue = new ReadingQueue(loop.next);
    let isGone = false;
    const reading = queue.read(chatRequestReader(body(5 * READ_SLICE_BYTES)), () => isGone);
    loop.run();
    isGone = true;
    loop.run();
    expect(await reading).toBeNull();
    expect([queue.waitingCount, loop.run()]).toEqual([0, false]);
  });
});
