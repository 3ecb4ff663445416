import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StopStrings } from './stop-strings.js';

function run(pieces: readonly string[], stops: readonly string[]): string {
  const scanner = new StopStrings(stops);
  let shown = '';
  for (const piece of pieces) {
    const { text, isStopped } = scanner.push(piece);
    shown += text;
    if (isStopped) return shown;
  }
  return shown + scanner.flush();
}

describe('StopStrings', () => {
  it('shows everything at once without stop strings', () => {
    expect(new StopStrings([]).push('abc')).toEqual({ text: 'abc', isStopped: false });
  });

  it('cuts at the first stop string however the text is cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 });
    const stop = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(letters), fc.array(stop, { maxLength: 3 }), (pieces, stops) => {
        const whole = pieces.join('');
        // The scanner stops at the first piece in which any stop string is complete; of those, at the one that begins first.
        let end = whole.length;
        let length = 0;
        for (const piece of pieces) {
          length += piece.length;
          const begins = stops.map((one) => whole.slice(0, length).indexOf(one)).filter((at) => at >= 0);
          if (begins.length === 0) continue;
          end = Math.min(...begins);
          break;
        }
        expect(run(pieces, stops)).toBe(whole.slice(0, end));
      }),
    );
  });
});
