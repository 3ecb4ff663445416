import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJsonText } from './json-text.js';

function run(json: Uint8Array, unitsMax = Infinity) {
  const steps = readJsonText(json, unitsMax);
  const units: number[] = [];
  for (;;) {
    const step = steps.next();
    if (step.done === true) return { text: step.value, units };
    units.push(step.value);
  }
}

/** As a client may write it: some characters escaped that need not be. */
function spelt(text: string, isEscaped: (index: number) => boolean): Buffer {
  const letters = [
    ...JSON.stringify(text)
      .slice(1, -1)
      .matchAll(/\\u....|\\.|[^]/gu),
  ];
  const escaped = letters.map(([letter], index) =>
    letter.startsWith('\\') || !isEscaped(index)
      ? letter
      : Array.from({ length: letter.length }, (_, unit) => letter.charCodeAt(unit))
          .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
          .join(''),
  );
  return Buffer.from(`"${escaped.join('')}"`);
}

describe('readJsonText()', () => {
  it('reads what JSON.parse reads, wherever it is cut', () => {
    const unit = fc.constantFrom('a', 'é', '鯨', '🧊', '\\', '"', '\n', '\u0001', '\\\\\\');
    const piece = fc.array(unit, { minLength: 1, maxLength: 12 }).map((units) => units.join(''));
    fc.assert(
      fc.property(piece, fc.nat({ max: 9 }), fc.integer({ min: 2, max: 7 }), (repeated, shift, rhythm) => {
        const text = 'x'.repeat(shift) + repeated.repeat(Math.ceil(150_000 / repeated.length));
        const json = spelt(text, (index) => index % rhythm === 0);
        const { text: read, units } = run(json);
        expect(read === text).toBe(true);
        expect(units.length).toBeGreaterThan(1);
        expect(Math.max(...units)).toBeLessThanOrEqual(4_200);
      }),
      { numRuns: 30 },
    );
  });

  it('reads shared memory', () => {
    const json = Buffer.from(JSON.stringify('shared é'));
    const shared = new Uint8Array(new SharedArrayBuffer(json.length));
    shared.set(json);
    expect(run(shared).text).toBe('shared é');
  });

  it('ends as soon as there is more text than wanted', () => {
    const { text, units } = run(Buffer.from(JSON.stringify('x'.repeat(1_000_000))), 1_000);
    expect([text, units.length]).toEqual([null, 1]);
    expect(run(Buffer.from('""')).text).toBe('');
  });

  it.each(['', '"', '7', '["a"]', '"a\n"', '"\\x"', '"\\"', '"\\u12"', '"a"b"'])('refuses %j', (json) => {
    expect(() => run(Buffer.from(json))).toThrow(/JSON|Unexpected|Bad|escape|Unterminated/i);
  });
});
