import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteLedger } from './byte-ledger.js';
import type { ByteAccount } from './byte-ledger.js';

describe('ByteLedger', () => {
  it('holds no more than it may, over all and for each client', () => {
    const ledger = new ByteLedger({ bytesMax: 10, clientBytesMax: 6 });
    const one = ledger.open('a');
    const other = ledger.open('a');
    expect([one.take(4), other.take(3), other.take(2)]).toEqual([null, 'client', null]);
    const stranger = ledger.open('b');
    expect([stranger.take(5), stranger.take(4), ledger.bytes]).toEqual(['all', null, 10]);
    one.release();
    one.release();
    expect([ledger.bytes, stranger.take(2), other.take(4)]).toEqual([6, null, 'all']);
  });

  it('agrees with a sum over what is open, and keeps nobody who has left', () => {
    const order = fc.record({
      client: fc.integer({ min: 0, max: 3 }),
      bytes: fc.nat({ max: 9 }),
      kind: fc.constantFrom('open', 'take', 'release'),
      index: fc.nat({ max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(order, { maxLength: 60 }), (orders) => {
        const ledger = new ByteLedger({ bytesMax: 30, clientBytesMax: 12 });
        const open: { client: string; account: ByteAccount; bytes: number }[] = [];
        const sum = (client?: string): number =>
          open.reduce(
            (total, it) => total + (client === undefined || it.client === client ? it.bytes : 0),
            0,
          );
        for (const { kind, client: number, bytes, index } of orders) {
          const client = `c${number}`;
          const known = open[index % Math.max(1, open.length)];
          if (kind === 'open') open.push({ client, account: ledger.open(client), bytes: 0 });
          else if (known !== undefined && kind === 'release') {
            known.account.release();
            open.splice(open.indexOf(known), 1);
          } else if (known !== undefined) {
            const expected = sum(known.client) + bytes > 12 ? 'client' : sum() + bytes > 30 ? 'all' : null;
            expect(known.account.take(bytes)).toBe(expected);
            if (expected === null) known.bytes += bytes;
          }
          expect(ledger.bytes).toBe(sum());
          expect(ledger.clientCount).toBe(new Set(open.map((it) => it.client)).size);
        }
      }),
    );
  });
});
