import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startStack } from './start-stack.js';
import type { RunningStack } from './start-stack.js';

async function complete(stack: RunningStack, fields: Record<string, unknown> = {}): Promise<Response> {
  return await fetch(`${stack.url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'kvasir-mock', prompt: 'Tell me of the mead', max_tokens: 4, ...fields }),
  });
}

async function fault(url: string, kind: string): Promise<void> {
  const response = await fetch(`${url}/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind }),
  });
  expect(response.ok).toBe(true);
}

describe('a worker that fails', () => {
  let stack: RunningStack;

  beforeEach(async () => {
    stack = await startStack({ prefillWorkers: 2, decodeWorkers: 2, speedup: 50 });
  });
  afterEach(() => stack.stop());

  it.each(['prefill', 'decode'] as const)('in the %s pool by refusing: no request is lost', async (role) => {
    const engine = stack.stack.summary().engines.find((one) => one.role === role);
    await fault(engine?.url ?? '', 'refuse');
    for (let index = 0; index < 8; index += 1) {
      const response = await complete(stack, { prompt: `Question ${String(index)}` });
      expect(response.status).toBe(200);
      expect(response.headers.get(`x-kvasir-${role}-worker`)).not.toBe(engine?.workerId);
      await response.text();
    }
  });

  it('by crashing is taken off the list and the rest goes on', async () => {
    const engine = stack.stack.summary().engines.find((one) => one.role === 'decode');
    await fault(engine?.url ?? '', 'crash');
    for (let index = 0; index < 8; index += 1) {
      const response = await complete(stack);
      expect(response.status).toBe(200);
      await response.text();
    }
  });
});
