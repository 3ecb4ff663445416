import { describe, expect, it } from 'vitest';
import { errorBody, openAiError, openAiErrors, readEngineError } from './errors.js';

describe('openAiErrors', () => {
  it.each(Object.entries(openAiErrors))('%s has a status that fits its type', (_code, { status, type }) => {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(type === 'server_error').toBe(status >= 500);
  });
});

describe('errorBody()', () => {
  it("has OpenAI's shape, with nulls for what is unknown", () => {
    expect(errorBody(openAiError('model_not_found', 'No such model', 'model'))).toEqual({
      error: {
        message: 'No such model',
        type: 'invalid_request_error',
        param: 'model',
        code: 'model_not_found',
      },
    });
    expect(errorBody(openAiError('overloaded', 'Busy')).error.param).toBeNull();
  });
});

describe('readEngineError()', () => {
  it.each([
    [400, '{"error":{"message":"m","type":"t","param":"p","code":"c"}}', ['m', 't', 'p', 'c']],
    [
      400,
      '{"object":"error","message":"m","type":"BadRequestError","param":null,"code":400}',
      ['m', 'BadRequestError', null, 'engine_refused'],
    ],
    [
      422,
      '{"detail":[{"loc":["body"]}]}',
      ['[{"loc":["body"]}]', 'invalid_request_error', null, 'engine_refused'],
    ],
    [404, '{"detail":"Not Found"}', ['Not Found', 'invalid_request_error', null, 'engine_refused']],
    [500, '{"error":"boom"}', ['boom', 'server_error', null, 'worker_failed']],
    [429, 'slow down', ['slow down', 'rate_limit_error', null, 'engine_overloaded']],
    [502, '', ['The engine answered with status 502', 'server_error', null, 'worker_failed']],
    [500, '[]', ['[]', 'server_error', null, 'worker_failed']],
  ])('reads status %i with %j', (status, text, [message, type, param, code]) => {
    expect(readEngineError(status, Buffer.from(text))).toEqual({ status, message, type, param, code });
  });

  it('cuts what is too long to pass on', () => {
    expect(readEngineError(500, Buffer.from('x'.repeat(10_000))).message).toHaveLength(2000);
  });
});
