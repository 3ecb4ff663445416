import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStack } from './start-stack.js';
import type { RunningStack } from './start-stack.js';

interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

const chat = (fields: Record<string, unknown>): string =>
  JSON.stringify({ model: 'kvasir-mock', messages: [{ role: 'user', content: 'Hi' }], ...fields });
const completion = (fields: Record<string, unknown>): string =>
  JSON.stringify({ model: 'kvasir-mock', prompt: 'Hi', ...fields });

/** What is sent where, and the one status that answers it. */
const CASES: readonly (readonly [string, string, () => string | Uint8Array, number])[] = [
  ['malformed JSON', '/v1/chat/completions', () => '{"model": "kvasir-mock", ', 400],
  ['an empty body', '/v1/chat/completions', () => '', 400],
  ['JSON that is no object', '/v1/chat/completions', () => '[1,2]', 400],
  ['messages of a wrong type', '/v1/chat/completions', () => chat({ messages: 'hello' }), 400],
  ['no messages', '/v1/chat/completions', () => chat({ messages: [] }), 400],
  ['a message without a role', '/v1/chat/completions', () => chat({ messages: [{ content: 'x' }] }), 400],
  ['a model of a wrong type', '/v1/chat/completions', () => chat({ model: 7 }), 400],
  ['a model of a wrong type', '/v1/chat/completions', () => chat({ model: 7 }), 400],
  ['an unknown model', '/v1/chat/completions', () => chat({ model: 'gpt-9' }), 404],
  ['stream of a wrong type', '/v1/chat/completions', () => chat({ stream: 'yes' }), 400],
  ['negative max_tokens', '/v1/chat/completions', () => chat({ max_tokens: -1 }), 400],
  ['negative max_tokens in a completion', '/v1/completions', () => completion({ max_tokens: -5 }), 400],
  ['fractional max_tokens', '/v1/completions', () => completion({ max_tokens: 1.5 }), 400],
  ['an empty prompt', '/v1/completions', () => completion({ prompt: '' }), 400],
  ['an empty list as prompt', '/v1/completions', () => completion({ prompt: [] }), 400],
  ['a prompt of a wrong type', '/v1/completions', () => completion({ prompt: { text: 'x' } }), 400],
  ['token ids that are no ids', '/v1/completions', () => completion({ prompt: [1, -2, 3] }), 400],
  ['mixed token ids and strings', '/v1/completions', () => completion({ prompt: [1, 'two'] }), 400],
  [
    'a prompt longer than the context',
    '/v1/completions',
    () => completion({ prompt: new Array(131_073).fill(5) }),
    400,
  ],
  ['a body of 20 MB', '/v1/completions', () => completion({ prompt: 'x'.repeat(20_000_000) }), 413],
  [
    'invalid UTF-8',
    '/v1/completions',
    () =>
      Buffer.concat([
        Buffer.from('{"model":"kvasir-mock","prompt":"'),
        Buffer.from([0xc3, 0x28]),
        Buffer.from('"}'),
      ]),
    400,
  ],
];

/** What only an engine can judge is told in its own words. */
const JUDGED_BY_ENGINE: ReadonlySet<string> = new Set(['a message without a role']);

describe('bad input', () => {
  let stack: RunningStack;

  beforeAll(async () => {
    stack = await startStack({ prefillWorkers: 1, decodeWorkers: 1, speedup: 50 });
  });
  afterAll(() => stack.stop());

  it.each(CASES)('%s to %s is answered with one clear error', async (what, path, body, status) => {
    const response = await fetch(`${stack.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: body(),
    });
    const { error } = (await response.json()) as ErrorBody;
    const type = JUDGED_BY_ENGINE.has(what) ? 'BadRequestError' : 'invalid_request_error';
    expect({ status: response.status, type: error.type }).toEqual({ status, type });
    expect(error.message.length).toBeGreaterThan(10);
    expect(error.message).not.toMatch(/undefined|\[object|at .*\.ts/);
    expect(response.headers.get('x-request-id')).toBeTruthy();
  });

  it('an unknown path is answered in the same shape', async () => {
    const response = await fetch(`${stack.url}/v1/nothing`, { method: 'POST', body: '{}' });
    expect(response.status).toBe(404);
    expect(((await response.json()) as ErrorBody).error.message).toContain('/v1/nothing');
  });

  it('changes nothing: the next good request is served', async () => {
    const response = await fetch(`${stack.url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: completion({ max_tokens: 3 }),
    });
    expect(response.status).toBe(200);
  });
});
