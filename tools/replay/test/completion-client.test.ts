import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { CompletionClient } from '../src/completion-client.js';

type Answer = (response: ServerResponse, body: unknown) => void;

const HEADERS = {
  'content-type': 'text/event-stream',
  'x-kvasir-prefill-worker': 'prefill-2',
  'x-kvasir-decode-worker': 'decode-1',
  'x-kvasir-overlap-blocks': '3',
};
const event = (payload: object): string => `data: ${JSON.stringify(payload)}\n\n`;
const token = (text: string): string =>
  event({ choices: [{ index: 0, text, finish_reason: null, logprobs: null }] });
const USAGE = event({
  choices: [],
  usage: {
    prompt_tokens: 5,
    completion_tokens: 4,
    total_tokens: 9,
    prompt_tokens_details: { cached_tokens: 2 },
  },
});
const DONE = 'data: [DONE]\n\n';

/** A frontend that answers every request in one way. */
async function serve(answer: Answer): Promise<Server> {
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(response, JSON.parse(Buffer.concat(chunks).toString())));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('CompletionClient', () => {
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  async function complete(answer: Answer, limits: { timeoutMs?: number; signal?: AbortSignal } = {}) {
    const server = await serve(answer);
    const { port } = server.address() as AddressInfo;
    let nowMs = 100;
    const client = new CompletionClient({
      urls: [`http://127.0.0.1:${port}`],
      model: 'mock',
      connections: 2,
      timeoutMs: limits.timeoutMs ?? 30_000,
      nowMs: () => (nowMs += 1),
    });
    closers.push(async () => {
      await client.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    const order = { tokens: [7, 8, 9, 10, 11], outputTokens: 4, dueMs: 50 };
    return await client.complete(order, limits.signal ?? new AbortController().signal);
  }

  it('asks for exactly the output of the trace, as a stream with usage', async () => {
    let asked: unknown = null;
    await complete((response, body) => {
      asked = body;
      response.writeHead(200, HEADERS).end(token('a') + USAGE + DONE);
    });
    expect(asked).toEqual({
      model: 'mock',
      prompt: [7, 8, 9, 10, 11],
      max_tokens: 4,
      min_tokens: 4,
      ignore_eos: true,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('reports what the answer and its headers say, counted from when it was due', async () => {
    const outcome = await complete((response) => {
      response.writeHead(200, HEADERS).end(token('a') + token('bc') + token('d') + USAGE + DONE);
    });
    expect(outcome).toMatchObject({
      kind: 'answered',
      promptTokens: 5,
      outputTokens: 4,
      tokenEvents: 3,
      cachedTokens: 2,
      overlapBlocks: 3,
      prefillWorkerId: 'prefill-2',
      decodeWorkerId: 'decode-1',
    });
    // The clock starts at 101 and goes on by 1 with each look; the request was due at 50.
    if (outcome.kind !== 'answered') throw new Error('not answered');
    expect(outcome.firstTokenMs).toBeGreaterThanOrEqual(51);
    expect(outcome.endMs).toBeGreaterThan(outcome.firstTokenMs);
  });

  it.each<readonly [string, Answer, string]>([
    [
      'an error status with its code',
      (response) =>
        response
          .writeHead(503, { 'content-type': 'application/json' })
          .end(JSON.stringify({ error: { message: 'none', type: 'server_error', code: 'no_workers' } })),
      'status 503 (no_workers)',
    ],
    [
      'an error in the stream',
      (response) =>
        response
          .writeHead(200, HEADERS)
          .end(
            token('a') + event({ error: { message: 'gone', type: 'server_error', code: 'worker_failed' } }),
          ),
      'error in the stream: worker_failed',
    ],
    [
      'a stream without its end',
      (response) => response.writeHead(200, HEADERS).end(token('a') + USAGE),
      'the stream ended early',
    ],
    [
      'an answer without a token',
      (response) => response.writeHead(200, HEADERS).end(USAGE + DONE),
      'the stream ended early',
    ],
    [
      'a connection that breaks',
      (response) => {
        response.writeHead(200, HEADERS);
        response.write(token('a'), () => response.destroy());
      },
      'UND_ERR_SOCKET',
    ],
  ])('takes %s for a failure', async (_, answer, reason) => {
    expect(await complete(answer)).toEqual({ kind: 'failed', reason });
  });

  it('takes silence for a failure', async () => {
    expect(await complete(() => undefined, { timeoutMs: 20 })).toEqual({
      kind: 'failed',
      reason: 'UND_ERR_HEADERS_TIMEOUT',
    });
  });

  it('gives a request up when the run is', async () => {
    const run = new AbortController();
    const outcome = await complete(() => run.abort(), { signal: run.signal });
    expect(outcome).toEqual({ kind: 'failed', reason: 'given up' });
  });
});
