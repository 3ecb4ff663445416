import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { post, Scene } from './scene.js';
import { generates, prefills, serves } from './test-engine.js';
import type { Frontend } from '../src/index.js';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

async function drain(frontend: Frontend, id: string, isDraining: boolean): Promise<number> {
  const response = await fetch(`${frontend.adminUrl() ?? ''}/admin/workers/${id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ drain: isDraining }),
  });
  return response.status;
}

async function workersOf(frontend: Frontend, header: string): Promise<readonly string[]> {
  const seen = new Set<string>();
  for (let index = 0; index < 12; index += 1) {
    const { status, headers } = await post(frontend, { prompt: [index, 2, 3] });
    expect(status).toBe(200);
    seen.add(headers.get(header) ?? '');
  }
  return [...seen].toSorted();
}

describe('a worker that is drained at a frontend', () => {
  it('gets no legs that this frontend routes itself, until it is given back', async () => {
    await scene.worker('aggregated', 'a', generates);
    await scene.worker('aggregated', 'b', generates);
    const frontend = await scene.frontend(['--admin-port', '0', '--router-mode', 'round-robin']);
    expect(await drain(frontend, 'a', true)).toBe(200);
    expect(await workersOf(frontend, 'x-kvasir-decode-worker')).toEqual(['b']);
    expect(await drain(frontend, 'a', false)).toBe(200);
    expect(await workersOf(frontend, 'x-kvasir-decode-worker')).toEqual(['a', 'b']);
    expect(await drain(frontend, 'c', true)).toBe(404);
  });

  it('gets no prefill legs of this frontend, whatever the router would choose', async () => {
    await scene.worker('prefill', 'p1', prefills());
    await scene.worker('prefill', 'p2', prefills());
    await scene.worker('decode', 'd', serves);
    await scene.prefillRouter();
    const frontend = await scene.frontend(['--admin-port', '0', '--enforce-disagg']);
    expect(await drain(frontend, 'p1', true)).toBe(200);
    expect(await workersOf(frontend, 'x-kvasir-prefill-worker')).toEqual(['p2']);
  });

  it('cannot be drained at the port of the API', async () => {
    await scene.worker('aggregated', 'a', generates);
    const frontend = await scene.frontend();
    expect(frontend.adminUrl()).toBeNull();
    const response = await fetch(`${frontend.url()}/admin/workers/a`, {
      method: 'PATCH',
      body: '{"drain":true}',
    });
    expect(response.status).toBe(404);
  });
});
