import { describe, expect, it } from 'vitest';
import { readErrorPayload } from './error-payload.js';

const read = (value: unknown) =>
  readErrorPayload(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));

describe('readErrorPayload()', () => {
  it.each([
    [
      { error: { message: 'too long', type: 'BadRequestError', param: 'prompt', code: 400 } },
      400,
      'too long',
    ],
    [
      { object: 'error', message: 'no such adapter', type: 'NotFoundError', param: null, code: 404 },
      404,
      'no such adapter',
    ],
    ['{ "id": "x", "error" : { "code": "429", "message": "later" } }', 429, 'later'],
    [{ error: { message: 'lost', type: 'InternalServerError' } }, 500, 'lost'],
    [{ error: 'template failed', type: 'ValueError' }, 400, 'template failed'],
    [{ choices: [], error: { message: 'aborted' } }, 500, 'aborted'],
    ['{"error":', 500, '{"error":'],
    [{ message: 'bad', code: 422, object: 'error' }, 422, 'bad'],
  ])('reads %j', (value, status, message) => {
    expect(read(value)).toMatchObject({ status, message });
  });

  it.each([
    { error: null, choices: [{ text: 'a' }] },
    { error: null },
    { error: '' },
    { choices: [{ delta: { content: 'error' } }] },
    { choices: [{ delta: { content: '{"error":{"code":400}}' } }] },
    { choices: [{ text: 'x', finish_reason: 'error' }], error: { code: 400 } },
    { choices: [], usage: {} },
    [{ error: {} }],
    '"error"',
    '{"choices":[{"text":"error"',
  ])('takes %j for none', (value) => {
    expect(read(value)).toBeNull();
  });
});
