import { describe, expect, it } from 'vitest';
import { saidFailure, statusFailure, transportFailure } from './errors.js';

const failed = (code: string): Error => Object.assign(new Error('x'), { code });

describe('statusFailure()', () => {
  it('says nothing of 2xx, and else what the table says, with the status', () => {
    expect(statusFailure(204)).toBeNull();
    expect(statusFailure(429, { retryAfterMs: 17_000 })).toMatchObject({
      code: 'ENGINE_OVERLOADED',
      outcome: 'overload',
      status: 429,
      retryAfterMs: 17_000,
    });
  });
});

describe('saidFailure()', () => {
  it('judges an error within a 200 answer by the status that it stands for', () => {
    expect(saidFailure({ status: 400, message: 'too long' })).toMatchObject({
      ...{
        code: 'ENGINE_REFUSED',
        outcome: 'clientFault',
        retryable: false,
        status: 400,
        message: 'too long',
      },
    });
    expect(saidFailure({ status: 500, message: 'x' })).toMatchObject({ code: 'ENGINE_ERROR_STATUS' });
  });
});

describe('transportFailure()', () => {
  it.each([
    ['ECONNREFUSED', 'ENGINE_UNREACHABLE', false],
    ['UND_ERR_CONNECT_TIMEOUT', 'ENGINE_UNREACHABLE', false],
    ['ECONNRESET', 'ENGINE_DISCONNECTED', true],
    ['UND_ERR_SOCKET', 'ENGINE_DISCONNECTED', true],
    ['HPE_INVALID_CONSTANT', 'ENGINE_PROTOCOL', true],
    ['UND_ERR_DESTROYED', 'ENGINE_CLIENT_CLOSED', true],
  ])('reads %s as %s', (code, expected, wasSent) => {
    expect(transportFailure(failed(code), null)).toMatchObject({ code: expected, wasSent });
  });

  it.each(['read', 'write'])(
    'knows that a connection which dies in a %s may have carried the request',
    (syscall) => {
      const error = Object.assign(failed('ETIMEDOUT'), { syscall });
      expect(transportFailure(error, null)).toMatchObject({ code: 'ENGINE_DISCONNECTED', wasSent: true });
    },
  );

  it('takes a connection that cannot be made for nothing sent, and one that dies in an answer for sent', () => {
    const error = Object.assign(failed('ETIMEDOUT'), { syscall: 'connect' });
    expect(transportFailure(error, null)).toMatchObject({ code: 'ENGINE_UNREACHABLE', wasSent: false });
    expect(transportFailure(failed('EHOSTUNREACH'), 200)).toMatchObject({
      code: 'ENGINE_DISCONNECTED',
      wasSent: true,
      status: 200,
    });
  });
});
