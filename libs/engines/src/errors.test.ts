import { describe, expect, it } from 'vitest';
import { engineFailures, statusFailure, transportFailure } from './errors.js';

const failed = (code: string): Error => Object.assign(new Error('x'), { code });

describe('statusFailure()', () => {
  it.each([
    [200, null],
    [204, null],
    [400, 'clientFault'],
    [404, 'clientFault'],
    [422, 'clientFault'],
    [429, 'overload'],
    [500, 'workerFault'],
    [502, 'workerFault'],
    [503, 'overload'],
    [302, 'workerFault'],
  ])('takes %i for %s', (status, outcome) => {
    expect(statusFailure(status)?.outcome ?? null).toBe(outcome);
  });
});

describe('transportFailure()', () => {
  it.each([
    ['ECONNREFUSED', 'ENGINE_UNREACHABLE', false],
    ['UND_ERR_CONNECT_TIMEOUT', 'ENGINE_UNREACHABLE', false],
    ['ECONNRESET', 'ENGINE_DISCONNECTED', true],
    ['UND_ERR_SOCKET', 'ENGINE_DISCONNECTED', true],
    ['UND_ERR_HEADERS_TIMEOUT', 'ENGINE_TIMEOUT', true],
    ['UND_ERR_BODY_TIMEOUT', 'ENGINE_INACTIVE', true],
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

describe('engineFailures', () => {
  it('calls nothing retryable that is the request’s own fault', () => {
    for (const { outcome, retryable } of Object.values(engineFailures)) {
      if (outcome === 'clientFault') expect(retryable).toBe(false);
    }
  });
});
