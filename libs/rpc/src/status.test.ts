import { Metadata, status } from '@grpc/grpc-js';
import type { ServiceError as GrpcError, StatusObject } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { grpcStatuses, RpcError, rpcError, rpcErrors } from './errors.js';
import { DETAILS_BYTES_MAX, fromGrpcError, toStatus } from './status.js';

/** What grpc-js hands to a client that received this status. */
function received(answer: StatusObject): GrpcError {
  return Object.assign(new Error(answer.details), answer);
}

describe('toStatus() and fromGrpcError()', () => {
  it.each(grpcStatuses)('carry code and message through %s', (grpcStatus) => {
    const sent = new RpcError('Why it failed', { code: 'SOME_CODE', grpcStatus });
    const seen = fromGrpcError(received(toStatus(sent)));
    expect(seen).toBeInstanceOf(RpcError);
    expect(seen).toMatchObject({
      message: 'Why it failed',
      code: 'SOME_CODE',
      grpcStatus,
      retryable: sent.retryable,
    });
  });

  it.each([
    ['long', 'x'.repeat(100_000)],
    ['of wide characters', '\u{1f600}'.repeat(20_000)],
    ['of half characters', '\ud800'.repeat(5_000)],
    ['with line breaks', 'a\r\nkvasir-code: X\u0000b'],
  ])('trap: what a client has written fits a header, also when it is %s', (_, words) => {
    const { details } = toStatus(new RpcError(words, { code: 'SOME_CODE', grpcStatus: 'NOT_FOUND' }));
    expect(Buffer.byteLength(details)).toBeLessThanOrEqual(DETAILS_BYTES_MAX);
    expect(encodeURI(details).length).toBeLessThanOrEqual(3 * DETAILS_BYTES_MAX);
    expect(details).not.toMatch(/[\u0000-\u001f]/);
    expect(details.endsWith('…')).toBe(words.length > DETAILS_BYTES_MAX);
  });

  it('trap: a code of another server that is none is not passed on', () => {
    const answer = toStatus(new RpcError('no', { code: 'x\r\ny', grpcStatus: 'NOT_FOUND' }));
    expect(answer.metadata.get('kvasir-code')).toEqual(['RPC_INTERNAL']);
  });

  it.each([
    [status.UNAVAILABLE, 'RPC_UNAVAILABLE', true],
    [status.DEADLINE_EXCEEDED, 'RPC_DEADLINE_EXCEEDED', false],
    [status.CANCELLED, 'RPC_CANCELLED', false],
    [status.RESOURCE_EXHAUSTED, 'RPC_LIMIT_REACHED', true],
    [status.UNIMPLEMENTED, 'RPC_UNIMPLEMENTED', false],
    [status.INTERNAL, 'RPC_INTERNAL', false],
    [status.OK, 'RPC_INTERNAL', false],
  ])('name what the transport itself reports: %i', (code, expected, retryable) => {
    const seen = fromGrpcError(received({ code, details: 'transport', metadata: new Metadata() }));
    expect(seen).toMatchObject({ code: expected, retryable, message: 'transport' });
  });

  it('tell nothing of an error that is not an answer', () => {
    for (const inside of [new TypeError('secret'), 'secret', null])
      expect(JSON.stringify(toStatus(inside))).not.toContain('secret');
  });
});

describe('rpcErrors', () => {
  it('has one status per code, known to gRPC', () => {
    for (const [code, row] of Object.entries(rpcErrors)) {
      expect(code).toMatch(/^RPC_[A-Z_]+$/);
      expect(status[row.grpcStatus]).toBeGreaterThan(0);
    }
    expect(rpcError('RPC_UNAVAILABLE', 'x').retryable).toBe(true);
  });
});
