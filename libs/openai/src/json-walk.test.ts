import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonWalk } from './json-walk.js';
import type { JsonWalkLimits, WalkOutcome } from './json-walk.js';

const LIMITS: JsonWalkLimits = { depthMax: 64, valuesMax: 10_000, membersMax: 1_000, promptsMax: 100 };

function walk(
  text: string | Buffer,
  { stepBytes = Infinity, limits = LIMITS, promptKey = 'prompt' } = {},
): WalkOutcome & { readonly steps: number } {
  const walked = new JsonWalk(Buffer.from(text), limits, promptKey);
  for (let steps = 1; ; steps += 1) {
    const outcome = walked.step(stepBytes);
    if (outcome !== null) return { ...outcome, steps };
  }
}

/** What `JSON.parse` makes of it: members as text of values; null when it is malformed. */
function oracle(text: string): 'noObject' | Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : 'noObject';
  } catch {
    return null;
  }
}

function check(text: string, stepBytes: number): void {
  const outcome = walk(text, { stepBytes });
  const expected = oracle(text);
  if (expected === null) expect(['malformed', 'noObject']).toContain(outcome.kind);
  else if (expected === 'noObject') expect(outcome.kind).toBe('noObject');
  else {
    if (outcome.kind !== 'object') throw new TypeError(`${text} was not taken: ${JSON.stringify(outcome)}`);
    const bytes = Buffer.from(text);
    const found = outcome.members.map(({ key, valueStart, valueEnd }) => [
      key,
      JSON.parse(bytes.toString('utf8', valueStart, valueEnd)) as unknown,
    ]);
    expect(Object.fromEntries(found)).toEqual(expected);
  }
}

const stepBytes = fc.constantFrom(1, 2, 7, Infinity);
const withPrompt = fc.record(
  {
    prompt: fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.array(fc.integer({ min: -2, max: 5_000_000_000 })),
      fc.array(fc.oneof(fc.string(), fc.array(fc.nat())), { maxLength: 5 }),
    ),
    other: fc.jsonValue(),
  },
  { requiredKeys: [], noNullPrototype: true },
);

describe('JsonWalk', () => {
  it('finds what JSON.parse finds, however it is spaced and cut into steps', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          withPrompt,
          fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { noNullPrototype: true }),
        ),
        fc.constantFrom(undefined, 1, '\t'),
        stepBytes,
        (object, space, step) => check(JSON.stringify(object, null, space), step),
      ),
      { numRuns: 500 },
    );
  });

  it('takes what JSON.parse takes, and nothing else', () => {
    const pieces = fc.constantFrom(
      ...['{', '}', '[', ']', '"', '":', ',', '\\', '\\u00', '4A', ' ', '\n', '\u0001', '\u00a0', '\ufeff'],
      ...['"prompt":', '"a":', '[1', '1', '0', '-', '.', 'e+', 'true', 'nul', 'null', 'é', '"x"', ':'],
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), stepBytes, (parts, step) => {
        check(parts.join(''), step);
        check(`{"a":${parts.join('')}}`, step);
        check(`{"prompt":[${parts.join('')}]}`, step);
      }),
      { numRuns: 5_000 },
    );
  });

  it('takes damaged JSON exactly when JSON.parse does', () => {
    fc.assert(
      fc.property(
        withPrompt,
        fc.nat(),
        fc.integer({ min: 0x20, max: 0x7e }),
        stepBytes,
        (object, at, byte, step) => {
          const text = JSON.stringify(object);
          const cut = at % text.length;
          check(text.slice(0, cut) + String.fromCharCode(byte) + text.slice(cut + 1), step);
          check(text.slice(0, cut), step);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('reads the prompt as JSON.parse does: ids where they are plain, else where each item lies', () => {
    fc.assert(
      fc.property(withPrompt, stepBytes, (object, step) => {
        const text = JSON.stringify(object);
        const outcome = walk(text, { stepBytes: step });
        if (outcome.kind !== 'object') throw new TypeError('it was not taken');
        const { prompt } = outcome;
        expect(prompt === null).toBe(!('prompt' in object));
        const items: unknown = object.prompt;
        if (prompt === null || !Array.isArray(items)) return;
        if (prompt.tokens !== null) {
          expect([...prompt.tokens]).toEqual(items);
          return;
        }
        expect(prompt.itemCount).toBe(items.length);
        const bytes = Buffer.from(text);
        const read = prompt.items.map(({ start, end, tokens }) => {
          const value: unknown = JSON.parse(bytes.toString('utf8', start, end));
          if (tokens !== null) expect([...tokens]).toEqual(value);
          return value;
        });
        expect(read).toEqual(items.map((item) => JSON.parse(JSON.stringify(item)) as unknown));
      }),
      { numRuns: 500 },
    );
  });

  it('stops at each limit, whatever comes after', () => {
    const limits = { ...LIMITS, depthMax: 4, valuesMax: 9, membersMax: 3 };
    const kindOf = (text: string): string => {
      const outcome = walk(text, { limits });
      return outcome.kind === 'tooMuch' ? outcome.limit : outcome.kind;
    };
    expect(kindOf('{"a":[[[1]]]}')).toBe('object');
    expect(kindOf('{"a":[[[[')).toBe('depthMax');
    expect(kindOf(`{"a":${'['.repeat(1_000_000)}`)).toBe('depthMax');
    expect(kindOf('{"a":[1,2,3,4,5,6,7,8]}')).toBe('object');
    expect(kindOf('{"a":[1,2,3,4,5,6,7,8,9]}')).toBe('valuesMax');
    expect(kindOf('{"a":1,"b":2,"c":3}')).toBe('object');
    expect(kindOf('{"a":1,"b":2,"c":3,"d":4,')).toBe('membersMax');
  });

  it('takes an array of ids for one value, and counts prompts beyond those it keeps', () => {
    const ids = JSON.stringify(new Array(20_000).fill(7));
    expect(walk(`{"prompt":${ids}}`)).toMatchObject({ kind: 'object', prompt: { itemCount: 0 } });
    expect(walk(`{"a":${ids}}`)).toMatchObject({ kind: 'tooMuch', limit: 'valuesMax' });
    const texts = walk(`{"prompt":${JSON.stringify(new Array(150).fill('x'))}}`);
    expect(texts).toMatchObject({ kind: 'object', prompt: { itemCount: 150 } });
    expect(texts.kind === 'object' ? texts.prompt?.items : null).toHaveLength(100);
  });

  it.each([
    ['one long text', `{"a":"${'x'.repeat(100_000)}"}`],
    ['one long name', `{"${'x'.repeat(100_000)}":1}`],
    ['escapes', `{"a":"${'\\n'.repeat(50_000)}"}`],
    ['spaces', `{"a":${' '.repeat(100_000)}1}`],
    ['spaces among ids', `{"prompt":[1,${' '.repeat(100_000)}1]}`],
    ['ids', `{"prompt":[${new Array(25_000).fill('123').join(',')}]}`],
  ])('takes as many steps as the bytes make: %s', (_what, text) => {
    const { steps, kind } = walk(text, { stepBytes: 1_000 });
    expect(kind).toBe('object');
    expect(steps).toBeGreaterThanOrEqual(99);
    // An array that turns out to be no ids is walked over twice.
    expect(steps).toBeLessThanOrEqual(202);
  });

  it('says where and what is wrong', () => {
    expect(walk('{"a":1 "b"')).toMatchObject({ kind: 'malformed', at: 7, expected: "',' or '}'" });
    expect(walk('{"a":[1}')).toMatchObject({ kind: 'malformed', at: 7, expected: "',' or ']'" });
    expect(walk('{"a":1}x')).toMatchObject({ kind: 'malformed', at: 7, expected: 'nothing' });
    expect(walk('{"a":"x')).toMatchObject({ kind: 'malformed', at: 7 });
    expect(walk(`{"a":${'1'.repeat(5_000)}}`)).toMatchObject({ kind: 'malformed', at: 5 });
  });
});
