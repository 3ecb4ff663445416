import { connect } from 'node:net';
import { mockTokenizerPath } from '@kvasir/text';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bookings, metric, post, Scene } from './scene.js';
import type { TestWorker } from './scene.js';
import { generates } from './test-engine.js';
import type { Frontend } from '../src/index.js';

const chat = (fields: Record<string, unknown>): string =>
  JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'Hi' }], ...fields });
const completion = (fields: Record<string, unknown>): string =>
  JSON.stringify({ model: 'm', prompt: 'Hi', ...fields });

const invalidUtf8 = Buffer.concat([
  Buffer.from('{"model":"m","prompt":"'),
  Buffer.from([0xc3, 0x28]),
  Buffer.from('"}'),
]);

/** What is sent where, and the one status and code that answer it. */
const CASES: readonly (readonly [string, string, () => string | Buffer, number, string])[] = [
  ['malformed JSON', '/v1/chat/completions', () => '{"model": "m", ', 400, 'malformed_json'],
  ['an empty body', '/v1/chat/completions', () => '', 400, 'malformed_json'],
  ['JSON that is no object', '/v1/chat/completions', () => '[1,2]', 400, 'malformed_json'],
  ['messages of a wrong type', '/v1/chat/completions', () => chat({ messages: 'Hi' }), 400, 'invalid_type'],
  ['no messages', '/v1/chat/completions', () => chat({ messages: [] }), 400, 'invalid_value'],
  ['a model of a wrong type', '/v1/chat/completions', () => chat({ model: 7 }), 400, 'invalid_type'],
  ['an unknown model', '/v1/chat/completions', () => chat({ model: 'gpt-9' }), 404, 'model_not_found'],
  ['stream of a wrong type', '/v1/chat/completions', () => chat({ stream: 'yes' }), 400, 'invalid_type'],
  ['negative max_tokens', '/v1/chat/completions', () => chat({ max_tokens: -1 }), 400, 'invalid_value'],
  ['an empty prompt', '/v1/completions', () => completion({ prompt: '' }), 400, 'invalid_value'],
  ['token ids that are none', '/v1/completions', () => completion({ prompt: [1, -2] }), 400, 'invalid_value'],
  ['mixed token ids', '/v1/completions', () => completion({ prompt: [1, 'two'] }), 400, 'invalid_type'],
  [
    'a prompt of the whole context',
    '/v1/completions',
    () => completion({ prompt: new Array(1000).fill(5) }),
    400,
    'context_length_exceeded',
  ],
  [
    'more output than the context has room for',
    '/v1/completions',
    () => completion({ prompt: new Array(900).fill(5), max_tokens: 101 }),
    400,
    'context_length_exceeded',
  ],
  [
    'one prompt of several that is too long',
    '/v1/completions',
    () => completion({ prompt: [[1], new Array(1000).fill(5)] }),
    400,
    'context_length_exceeded',
  ],
  [
    'a text longer than the context',
    '/v1/completions',
    () => completion({ prompt: 'a b c d '.repeat(2000) }),
    400,
    'context_length_exceeded',
  ],
  [
    'a chat longer than the context',
    '/v1/chat/completions',
    () => chat({ messages: [{ role: 'user', content: 'a b c d '.repeat(2000) }] }),
    400,
    'context_length_exceeded',
  ],
  [
    'a body of 20 MB',
    '/v1/completions',
    () => completion({ prompt: 'x'.repeat(20_000_000) }),
    413,
    'body_too_large',
  ],
  [
    'a body of 80 MB',
    '/v1/completions',
    () => completion({ prompt: 'x'.repeat(80_000_000) }),
    413,
    'body_too_large',
  ],
  ['invalid UTF-8', '/v1/completions', () => invalidUtf8, 400, 'invalid_utf8'],
];

describe('bad input', () => {
  let scene: Scene;
  let worker: TestWorker;
  let frontend: Frontend;

  beforeAll(async () => {
    scene = new Scene();
    worker = await scene.worker('aggregated', 'a', generates, { tokenizerPath: mockTokenizerPath });
    frontend = await scene.frontend();
  });
  afterAll(() => scene.close());

  it.each(CASES)('%s to %s is answered with one clear error', async (...[, path, body, status, code]) => {
    const response = await fetch(`${frontend.url()}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': 'mine' },
      body: body(),
    });
    const { error } = (await response.json()) as { error: Record<string, string> };
    expect({ status: response.status, code: error['code'], type: error['type'] }).toEqual({
      status,
      code,
      type: 'invalid_request_error',
    });
    expect(error['message']).toMatch(/^\S.{10,}/);
    expect(error['message']).not.toMatch(/undefined|\[object|at .*\.ts/);
    expect(response.headers.get('x-request-id')).toBe('mine');
    expect(worker.engine.seen).toHaveLength(0);
  });

  it('counts each and books nothing', async () => {
    expect(await metric(frontend, 'kvasir_frontend_rejections_total', 'reason="badRequest"')).toBe(
      CASES.length - 3,
    );
    expect(await metric(frontend, 'kvasir_frontend_rejections_total', 'reason="bodyTooLarge"')).toBe(2);
    expect(await metric(frontend, 'kvasir_frontend_rejections_total', 'reason="unknownModel"')).toBe(1);
    expect(await bookings(frontend)).toBe(0);
  });

  it.each([
    ['POST', '/v1/nothing'],
    ['GET', '/v1/completions'],
    ['DELETE', '/'],
  ])('%s %s is answered in the same shape', async (method, path) => {
    const response = await fetch(`${frontend.url()}${path}?x=1`, { method });
    const isKnown = path === '/v1/completions';
    expect(response.status).toBe(isKnown ? 405 : 404);
    expect(response.headers.get('allow')).toBe(isKnown ? 'POST, OPTIONS' : null);
    const { error } = (await response.json()) as { error: Record<string, string> };
    const code = isKnown ? 'method_not_allowed' : 'unknown_url';
    expect(error).toMatchObject({ code, message: `There is no ${method} ${path}` });
    expect(response.headers.get('x-request-id')).toBeTruthy();
  });

  it('does not care what a good body is said to be', async () => {
    for (const type of [
      'text/plain',
      'application/json; charset=utf-8',
      'application/x-www-form-urlencoded',
    ]) {
      const response = await fetch(`${frontend.url()}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: completion({ max_tokens: 3 }),
      });
      expect(response.status).toBe(200);
      await response.arrayBuffer();
    }
  });

  it('makes an id of its own when the client’s cannot be used', async () => {
    for (const id of ['a b', 'x'.repeat(129), 'é']) {
      const response = await fetch(`${frontend.url()}/v1/completions`, {
        method: 'POST',
        headers: { 'x-request-id': id },
        body: completion({ max_tokens: 3 }),
      });
      expect(response.headers.get('x-request-id')).toMatch(/^request-\d+$/);
      await response.arrayBuffer();
    }
  });

  it('gives engines an id that is unique when clients repeat theirs', async () => {
    const before = worker.engine.seen.length;
    await Promise.all([1, 2].map(() => post(frontend, {}, { headers: { 'x-request-id': 'same' } })));
    const ids = worker.engine.seen.slice(before).map(({ headers }) => headers['x-request-id']);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^same-request-\d+$/);
  });

  it('goes on after clients that speak no HTTP', async () => {
    const { port } = frontend.address();
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('GARBAGE\r\n\r\n'));
      socket.on('data', () => undefined);
      socket.on('error', () => undefined);
      socket.on('close', () => resolve());
    });
    expect((await post(frontend)).status).toBe(200);
  });
});

describe('limits', () => {
  it('turns away what comes beyond the requests that may run, and says when to come again', async () => {
    const scene = new Scene();
    try {
      const { engine } = await scene.worker('aggregated', 'a', () => undefined);
      const frontend = await scene.frontend(['--requests-max', '2']);
      const running = [post(frontend), post(frontend)];
      await expect.poll(() => engine.seen.length).toBe(2);
      const answer = await post(frontend);
      expect(answer.status).toBe(503);
      expect(answer.json['error']).toMatchObject({ code: 'overloaded' });
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(await metric(frontend, 'kvasir_frontend_rejections_total', 'reason="requestsMax"')).toBe(1);
      for (const seen of engine.seen) generates(seen);
      expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200]);
      engine.answer = generates;
      expect((await post(frontend)).status).toBe(200);
    } finally {
      await scene.close();
    }
  });

  it('answers 503 while nobody is registered, and 404 for a model that others do not serve', async () => {
    const scene = new Scene();
    try {
      const { lease } = await scene.worker('aggregated', 'a', generates);
      const frontend = await scene.frontend();
      expect((await post(frontend, { model: 'other' })).status).toBe(404);
      await lease.release();
      await expect.poll(async () => (await post(frontend)).status).toBe(503);
      expect((await fetch(`${frontend.url()}/ready`)).status).toBe(503);
    } finally {
      await scene.close();
    }
  });
});
