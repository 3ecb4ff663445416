import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statusOfError } from './error-status.js';
import { outcomeOfStatus, outcomes } from './outcomes.js';
import type { OutcomeCode } from './outcomes.js';

const outcomeOf = (code: OutcomeCode | null): string | null =>
  code === null ? null : outcomes[code].outcome;

describe('outcomeOfStatus()', () => {
  it.each([
    [200, null],
    [204, null],
    [302, 'workerFault'],
    [307, 'workerFault'],
    [400, 'clientFault'],
    [401, 'clientFault'],
    [403, 'clientFault'],
    [404, 'clientFault'],
    [408, 'overload'],
    [413, 'clientFault'],
    [422, 'clientFault'],
    [425, 'overload'],
    [429, 'overload'],
    [500, 'workerFault'],
    [501, 'clientFault'],
    [502, 'workerFault'],
    [503, 'overload'],
    [504, 'workerFault'],
    [529, 'overload'],
    [999, 'workerFault'],
  ])('takes %i for %s', (status, outcome) => {
    expect(outcomeOf(outcomeOfStatus(status))).toBe(outcome);
  });

  it('has a row for every status', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), (status) => {
        const code = outcomeOfStatus(status);
        expect(code === null).toBe(status >= 200 && status < 300);
      }),
    );
  });
});

describe('statusOfError()', () => {
  it.each([
    [{ code: 400, type: 'BadRequestError' }, 400],
    [{ code: '400' }, 400],
    [{ code: 400, type: 'InternalServerError' }, 400],
    [{ code: null, type: 'BadRequestError' }, 400],
    [{ code: 'context_length_exceeded', type: null }, 400],
    [{ type: 'invalid_request_error' }, 400],
    [{ type: 'ValueError', code: 0 }, 400],
    [{ type: 'NotFoundError' }, 404],
    [{ type: 'UnprocessableEntityError' }, 422],
    [{ code: 'rate_limit_exceeded' }, 429],
    [{ type: 'InternalServerError' }, 500],
    [{ type: 'NotImplementedError' }, 501],
    [{ type: 'ServiceUnavailableError' }, 503],
    [{ code: 503 }, 503],
    [{}, 500],
    [{ code: 200, type: 'OK' }, 500],
    [{ code: 4.5, type: {} }, 500],
    [{ type: 'constructor' }, 500],
    [{ type: '__proto__' }, 500],
  ])('reads %j as %i', (said, status) => {
    expect(statusOfError(said)).toBe(status);
  });
});

describe('the table of outcomes', () => {
  it('retries nothing that is the request’s own fault, and suspects no request that was not sent', () => {
    for (const row of Object.values(outcomes))
      if (row.outcome === 'clientFault') expect(row.retryable).toBe(false);
    expect(outcomes.ENGINE_UNREACHABLE.suspectsRequest).toBe(false);
  });
});
