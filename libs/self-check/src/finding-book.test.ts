import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checks } from './checks.js';
import type { CheckCode } from './checks.js';
import { FINDINGS_MAX, FindingBook } from './finding-book.js';
import { finding } from './finding.js';

const AT_ONCE = 'CHECK_NO_KV_EVENTS';
const HELD = 'CHECK_NO_TOKENIZER';
const HOLD_MS = checks[HELD].holdMs;

describe('FindingBook', () => {
  it('tells a finding when it begins and when it is over, and keeps its newest message', () => {
    const book = new FindingBook();
    const { begun } = book.look(5, [finding(AT_ONCE, 'w', 'one')]);
    expect(begun.map(({ subject, sinceMs }) => ({ subject, sinceMs }))).toEqual([
      { subject: 'w', sinceMs: 5 },
    ]);
    expect(book.look(6, [finding(AT_ONCE, 'w', 'two')])).toEqual({ begun: [], ended: [] });
    expect(book.standing()[0]).toMatchObject({ sinceMs: 5, message: finding(AT_ONCE, 'w', 'two').message });
    expect(book.look(7, []).ended).toHaveLength(1);
    expect(book.look(8, [])).toEqual({ begun: [], ended: [] });
  });

  it('tells what may pass by itself only when it has lasted, and never that it is over before', () => {
    const book = new FindingBook();
    const seen = [finding(HELD, 'm', 'x')];
    expect(book.look(0, seen).begun).toEqual([]);
    expect(book.look(HOLD_MS - 1, seen).begun).toEqual([]);
    expect(book.standing()).toEqual([]);
    expect(book.look(HOLD_MS - 1, []).ended).toEqual([]);
    expect(book.look(HOLD_MS, seen).begun).toEqual([]);
    expect(book.look(2 * HOLD_MS, seen).begun).toHaveLength(1);
  });

  it('keeps no more than it may, and counts the rest', () => {
    const book = new FindingBook();
    const many = Array.from({ length: FINDINGS_MAX + 3 }, (_, index) => finding(AT_ONCE, `w${index}`, 'x'));
    expect(book.look(0, many).begun).toHaveLength(FINDINGS_MAX);
    expect(book.leftOut).toBe(3);
  });

  it('tells beginnings and endings in turns, whatever is seen when', () => {
    const codes = Object.keys(checks) as CheckCode[];
    const look = fc.record({
      afterMs: fc.integer({ min: 0, max: 20_000 }),
      seen: fc.array(fc.record({ code: fc.constantFrom(...codes), subject: fc.constantFrom('a', 'b') })),
    });
    fc.assert(
      fc.property(fc.array(look, { maxLength: 30 }), (looks) => {
        const book = new FindingBook();
        const open = new Set<string>();
        let nowMs = 0;
        for (const { afterMs, seen } of looks) {
          nowMs += afterMs;
          const found = seen.map(({ code, subject }) => finding(code, subject, 'x'));
          const { begun, ended } = book.look(nowMs, found);
          for (const { code, subject } of ended) expect(open.delete(`${code} ${subject}`)).toBe(true);
          for (const { code, subject } of begun) {
            expect(open.has(`${code} ${subject}`)).toBe(false);
            open.add(`${code} ${subject}`);
          }
          expect(new Set(book.standing().map(({ code, subject }) => `${code} ${subject}`))).toEqual(open);
        }
      }),
    );
  });
});
