import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trailingLineEnds } from './event-borders.js';

const ends = (...chunks: readonly string[]): number =>
  chunks.reduce((before, chunk) => trailingLineEnds(Buffer.from(chunk), before), 2);

describe('trailingLineEnds()', () => {
  it.each([
    [['data: a\n\n'], 2],
    [['data: a\r\n\r\n'], 2],
    [['data: a\n'], 1],
    [['data: a\n', '\n'], 2],
    [['data: a\r\n', '\r\n'], 2],
    [['data: a\n\n', 'data: b'], 0],
    [['data: a', '\n\n'], 2],
    [['data: a\n\n\n\n'], 2],
    [[''], 2],
  ])('counts %j as %i', (chunks, expected) => {
    expect(ends(...chunks)).toBe(expected);
  });

  it('never takes the middle of an event for its end, wherever the stream is cut', () => {
    const chunks = fc.array(fc.string({ unit: fc.constantFrom('a', '\n', '\r\n'), maxLength: 4 }));
    fc.assert(
      fc.property(chunks, (pieces) => {
        if (ends(...pieces) < 2) return;
        expect(`\n\n${pieces.join('')}`.replaceAll('\r\n', '\n').endsWith('\n\n')).toBe(true);
      }),
    );
  });
});
