import { workerId } from '@kvasir/units';
import { afterEach, describe, expect, it } from 'vitest';
import { RpcError } from '../src/index.js';
import type { DumpedChain, GenerateEvent, GenerateRequest } from '../src/index.js';
import { closeOpened, collect, decision, deferred, failure, prompt, serve } from './serving.js';

afterEach(closeOpened);

const request: GenerateRequest = { requestId: null, prompt, samplingJson: Buffer.from('{"max_tokens":3}') };
const chunk = (text: string): GenerateEvent => ({ kind: 'chunk', json: Buffer.from(text) });

describe('Generate', () => {
  it('streams the decision and every chunk in order, bytes unchanged', async () => {
    const chunks = Array.from({ length: 500 }, (_, position) => chunk(`{"i":${position},"text":"ø\\u0000"}`));
    const seen: GenerateRequest[] = [];
    const { client } = await serve({
      async *generate(received) {
        seen.push(received);
        yield { kind: 'routed', decision };
        await Promise.resolve();
        yield* chunks;
      },
    });
    expect(await collect(client.generate(request))).toEqual([{ kind: 'routed', decision }, ...chunks]);
    expect(seen[0]?.requestId).toBeNull();
    expect(Buffer.from(seen[0]?.samplingJson ?? []).toString()).toBe('{"max_tokens":3}');
  });

  it('delivers what came before an error, then the error with its code', async () => {
    const { client } = await serve({
      async *generate() {
        yield { kind: 'routed', decision };
        await Promise.resolve();
        throw new RpcError('The engine broke', { code: 'ENGINE_BROKEN', grpcStatus: 'UNAVAILABLE' });
      },
    });
    const received: GenerateEvent[] = [];
    const error = await failure(
      (async () => {
        for await (const event of client.generate(request)) received.push(event);
      })(),
    );
    expect(received).toEqual([{ kind: 'routed', decision }]);
    expect(error).toMatchObject({ code: 'ENGINE_BROKEN', retryable: true, message: 'The engine broke' });
  });

  it('aborts and returns the server side when the client leaves the iteration', async () => {
    const returned = deferred();
    const signals: AbortSignal[] = [];
    const { client } = await serve({
      async *generate(_request, signal) {
        signals.push(signal);
        try {
          for (;;) {
            yield chunk('{}');
            await new Promise(setImmediate);
          }
        } finally {
          returned.resolve();
        }
      },
    });
    for await (const event of client.generate(request)) {
      expect(event.kind).toBe('chunk');
      break;
    }
    await returned.promise;
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
  });

  it('ends when the caller aborts while the server is silent', async () => {
    const returned = deferred();
    const { client } = await serve({
      async *generate(_request, signal) {
        yield chunk('{}');
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        returned.resolve();
      },
    });
    const controller = new AbortController();
    const error = await failure(
      (async () => {
        for await (const event of client.generate(request, { signal: controller.signal })) {
          expect(event.kind).toBe('chunk');
          controller.abort();
        }
      })(),
    );
    expect(error.code).toBe('RPC_CANCELLED');
    await returned.promise;
  });

  it('makes a fast server wait for a slow client', async () => {
    let produced = 0;
    const json = Buffer.alloc(256 * 1024);
    const { client } = await serve({
      async *generate() {
        for (; produced < 400; produced += 1) {
          await Promise.resolve();
          yield { kind: 'chunk', json };
        }
      },
    });
    const events = client.generate(request)[Symbol.asyncIterator]();
    await events.next();
    // However long it is given, the server gets no further than the buffers between the two.
    for (let turn = 0; turn < 2_000; turn += 1) await new Promise(setImmediate);
    expect(produced).toBeLessThan(200);
    await events.return?.();
  });
});

describe('DumpEvents', () => {
  it('streams chains with and without a parent', async () => {
    const chains: DumpedChain[] = [
      { workerId: workerId('a'), rank: 0, parent: null, hashes: Uint32Array.of(1, 2, 3, 0xffff_ffff) },
      { workerId: workerId('b'), rank: 1, parent: Uint32Array.of(9, 8), hashes: Uint32Array.of(4, 5) },
    ];
    const { client } = await serve({ dumpEvents: () => chains });
    expect(await collect(client.dumpEvents())).toEqual(chains);
  });

  it('ends at a deadline when one is given', async () => {
    const { client } = await serve({
      async *dumpEvents(signal) {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        yield* [];
      },
    });
    expect((await failure(collect(client.dumpEvents({ deadlineMs: 20 })))).code).toBe(
      'RPC_DEADLINE_EXCEEDED',
    );
  });
});
