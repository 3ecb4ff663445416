import { describe, expect, it } from 'vitest';
import { clientNames, proxyBlockProblem } from './client-name.js';

const name = clientNames({ trustedProxies: ['10.0.0.0/8', 'fd00::/16', '127.0.0.1'], keyHeader: null });
const forwarded = (value: string) => ({ 'x-forwarded-for': value });

describe('clientNames()', () => {
  it.each([
    [{}, '203.0.113.5', 'address 203.0.113.5'],
    [{}, '::ffff:203.0.113.5', 'address 203.0.113.5'],
    // A stranger may write what it likes.
    [forwarded('1.2.3.4'), '203.0.113.5', 'address 203.0.113.5'],
    [forwarded('1.2.3.4'), '10.1.1.1', 'address 1.2.3.4'],
    [forwarded('1.2.3.4'), '::ffff:127.0.0.1', 'address 1.2.3.4'],
    [forwarded('9.9.9.9, 1.2.3.4, 10.2.2.2'), '10.1.1.1', 'address 1.2.3.4'],
    [forwarded('10.3.3.3, 10.2.2.2'), '10.1.1.1', 'address 10.3.3.3'],
    [forwarded('9.9.9.9, nonsense'), '10.1.1.1', 'address 10.1.1.1'],
    [forwarded('1.2.3.4:5678'), '10.1.1.1', 'address 1.2.3.4'],
    [forwarded('[2001:db8::7]:443'), 'fd00::1', 'address 2001:db8:0:0::/64'],
    [{}, '2001:db8:1:2:3:4:5:6', 'address 2001:db8:1:2::/64'],
    [{}, '2001:0db8:1:2::9', 'address 2001:db8:1:2::/64'],
    [{}, undefined, 'address '],
  ])('%j from %s is %s', (headers, address, expected) => expect(name(headers, address)).toBe(expected));

  it('goes by a header when told to, and by the address of who sends none', () => {
    const byKey = clientNames({ trustedProxies: [], keyHeader: 'authorization' });
    expect(byKey({ authorization: 'Bearer a' }, '1.2.3.4')).toBe('key Bearer a');
    expect(byKey({}, '1.2.3.4')).toBe('address 1.2.3.4');
  });

  it('looks at no more hops than it must', () => {
    const hops = new Array(100_000).fill('10.2.2.2').join(',');
    expect(name(forwarded(hops), '10.1.1.1')).toBe('address 10.2.2.2');
  });
});

describe('proxyBlockProblem()', () => {
  it.each(['10.0.0.0/33', 'x', '10.0.0.0/8/8', 'fd00::/129', '10.0.0.0/', '10.0.0.0/-1'])(
    'refuses %s',
    (block) => expect(proxyBlockProblem(['1.2.3.4', block])).toContain(`"${block}"`),
  );

  it('takes addresses and blocks', () => {
    expect(proxyBlockProblem(['10.0.0.0/8', '::1', 'fd00::/8', '1.2.3.4/32'])).toBeNull();
  });
});
