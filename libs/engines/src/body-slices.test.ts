import { describe, expect, it } from 'vitest';
import { bodySlices, WRITE_BYTES_MAX } from './body-slices.js';

describe('bodySlices()', () => {
  it('leaves a short body as it is', () => {
    const body = Buffer.alloc(WRITE_BYTES_MAX, 'x');
    expect(bodySlices(body)).toBe(body);
  });

  it('cuts a long one, with a turn of the event loop between slices', async () => {
    const body = Buffer.from('0123456789'.repeat(WRITE_BYTES_MAX / 4));
    const slices: Buffer[] = [];
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    for await (const slice of bodySlices(body) as AsyncIterable<Buffer>) {
      expect(turns).toBeGreaterThanOrEqual(slices.length);
      slices.push(slice);
    }
    isOver = true;
    expect(slices.map(({ length }) => length)).toEqual([
      WRITE_BYTES_MAX,
      WRITE_BYTES_MAX,
      WRITE_BYTES_MAX / 2,
    ]);
    expect(Buffer.concat(slices).equals(body)).toBe(true);
  });
});
