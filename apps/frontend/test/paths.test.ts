import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relayedPaths } from '@kvasir/openai';
import type { Frontend } from '../src/index.js';
import { metric, Scene } from './scene.js';
import type { TestWorker } from './scene.js';
import { generates, says } from './test-engine.js';

const EVENTS =
  'event: message_start\ndata: {"type":"message_start"}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n';

describe('paths that clients use', () => {
  let scene: Scene;
  let worker: TestWorker;
  let frontend: Frontend;

  beforeAll(async () => {
    scene = new Scene();
    worker = await scene.worker('aggregated', 'a', generates);
    frontend = await scene.frontend();
  });
  afterAll(() => scene.close());

  const call = (path: string, init: RequestInit = {}) => fetch(`${frontend.url()}${path}`, init);
  const send = (path: string, body: unknown) => call(path, { method: 'POST', body: JSON.stringify(body) });

  it.each(relayedPaths)('passes %s on as it comes, and the answer back', async (path) => {
    worker.engine.answer = says(200, { path, is: 'mine' });
    const body = { model: 'm', input: [{ any: 1 }], max_tokens: 9 };
    const response = await send(path, body);
    expect([response.status, await response.json()]).toEqual([200, { path, is: 'mine' }]);
    expect(worker.engine.seen.at(-1)).toMatchObject({ path, body });
    expect(response.headers.get('x-kvasir-decode-worker')).toBe('a');
  });

  it('passes a refusal of the engine back as it is', async () => {
    const refusal = { type: 'error', error: { type: 'not_found_error', message: 'no such thing' } };
    worker.engine.answer = says(404, refusal);
    const response = await send('/v1/messages', { model: 'm' });
    expect([response.status, await response.json()]).toEqual([404, refusal]);
    expect(await metric(frontend, 'kvasir_frontend_retries_total')).toBe(0);
  });

  it('relays a stream of another API to its end', async () => {
    worker.engine.answer = ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(EVENTS);
    };
    const response = await send('/v1/messages', { model: 'm', stream: true });
    expect(await response.text()).toBe(EVENTS);
  });

  it('tells the model that nobody serves', async () => {
    expect((await send('/v1/embeddings', { model: 'other', input: 'x' })).status).toBe(404);
  });

  it.each(['//v1/completions', '/v1/completions/', '/v1//completions//?x=1'])('serves %s', async (path) => {
    worker.engine.answer = generates;
    expect((await send(path, { model: 'm', prompt: [1] })).status).toBe(200);
  });

  it('lets web pages call', async () => {
    worker.engine.answer = generates;
    const headers = {
      origin: 'https://page.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization, content-type',
    };
    const preflight = await call('/v1/chat/completions', { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization, content-type');
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
    for (const path of ['/v1/completions', '/v1/models', '/v1/nothing']) {
      const init = path.endsWith('completions')
        ? { method: 'POST', body: '{"model":"m","prompt":[1]}', headers: { origin: 'https://page.example' } }
        : { headers: { origin: 'https://page.example' } };
      const response = await call(path, init);
      expect(response.headers.get('access-control-allow-origin')).toBe('*');
      await response.arrayBuffer();
    }
  });

  it('lets only the pages call that were named', async () => {
    const other = await scene.frontend(['--cors-allow-origin', 'https://page.example']);
    const allowed = async (origin: string): Promise<string | null> => {
      const response = await fetch(`${other.url()}/v1/models`, { headers: { origin } });
      expect(response.headers.get('vary')).toBe('origin');
      return response.headers.get('access-control-allow-origin');
    };
    expect(await allowed('https://page.example')).toBe('https://page.example');
    expect(await allowed('https://other.example')).toBeNull();
  });
});
