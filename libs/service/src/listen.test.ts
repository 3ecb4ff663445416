import { describe, expect, it } from 'vitest';
import { formatAddress, listenError } from './listen.js';

describe('listenError()', () => {
  it.each([
    [
      'EADDRINUSE',
      'SERVICE_PORT_TAKEN',
      'Cannot listen on 127.0.0.1:8000: the port is taken by another process',
    ],
    ['EACCES', 'SERVICE_LISTEN_DENIED', 'Cannot listen on 127.0.0.1:8000: this user may not use the port'],
    [
      'ENOTFOUND',
      'SERVICE_ADDRESS_UNKNOWN',
      'Cannot listen on 127.0.0.1:8000: the host is not an address of this machine',
    ],
    ['EMFILE', 'SERVICE_LISTEN_FAILED', 'Cannot listen on 127.0.0.1:8000: too many'],
  ])('turns %s into %s', (systemCode, code, message) => {
    const cause = Object.assign(new Error('too many'), { code: systemCode });
    expect(listenError(cause, '127.0.0.1', 8000)).toMatchObject({ code, message, cause });
  });

  it('takes what is not an error too', () => {
    expect(listenError('odd', '::1', 1)).toMatchObject({ message: 'Cannot listen on [::1]:1: odd' });
    expect(listenError(null, 'h', 1).code).toBe('SERVICE_LISTEN_FAILED');
  });
});

describe('formatAddress()', () => {
  it('puts brackets around IPv6 only', () => {
    expect(formatAddress('127.0.0.1', 80)).toBe('127.0.0.1:80');
    expect(formatAddress('::', 80)).toBe('[::]:80');
  });
});
