import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bookings, metric, MODEL, post, PROMPT, Scene, until } from './scene.js';
import type { TestRouter } from './scene.js';
import { chunk, generates, hangs, prefills } from './test-engine.js';
import type { Answer } from './test-engine.js';
import type { Frontend } from '../src/index.js';

let scene: Scene;
let router: TestRouter;
let frontend: Frontend;
beforeEach(() => {
  scene = new Scene();
});
/** Whatever a client does, nothing stays booked and nothing stays in flight. */
afterEach(async () => {
  await expect.poll(() => bookings(frontend, router)).toBe(0);
  await expect.poll(() => metric(frontend, 'kvasir_frontend_requests_in_flight')).toBe(0);
  expect(router.freed.toSorted()).toEqual(router.booked.toSorted());
  await scene.close();
});

async function stack(prefillAnswer: Answer, decodeAnswer: Answer) {
  const prefill = await scene.worker('prefill', 'p', prefillAnswer);
  const decode = await scene.worker('decode', 'd', decodeAnswer);
  router = await scene.prefillRouter();
  frontend = await scene.frontend();
  return { prefill: prefill.engine, decode: decode.engine };
}

/** Sends a request that is left by `leave`; resolves when the client knows that it has. */
function request(fields: Record<string, unknown> = {}): {
  readonly leave: () => void;
  readonly gone: Promise<unknown>;
} {
  const controller = new AbortController();
  const gone = post(frontend, fields, { signal: controller.signal }).catch((error: unknown) => error);
  return { leave: () => controller.abort(), gone };
}

const disconnects = (stage: string): Promise<number> =>
  metric(frontend, 'kvasir_frontend_disconnects_total', `stage="${stage}"`);

const firstToken: Answer = ({ response }) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(chunk('a'));
};

describe('a client that leaves', () => {
  it('while it sends its request', async () => {
    await stack(prefills(), generates);
    const { port } = frontend.address();
    const socket = connect(port, '127.0.0.1');
    socket.write('POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"model"');
    await until(async () => (await metric(frontend, 'kvasir_frontend_requests_in_flight')) === 1);
    socket.destroy();
    await expect.poll(() => disconnects('unrouted')).toBe(1);
  });

  it('while the prefill router is asked', async () => {
    const prefill = await scene.worker('prefill', 'p', prefills());
    await scene.worker('decode', 'd', generates);
    const asked: (() => void)[] = [];
    router = await scene.prefillRouter((inner) => ({
      findBestWorker: async ({ prompt, requestId }) => {
        await new Promise<void>((resolve) => asked.push(resolve));
        const outcome = inner.route({ requestId, ...prompt });
        if (outcome.kind === 'rejected') throw new TypeError(outcome.message);
        return { ...outcome.decision, pool: null, routerAddress: null };
      },
    }));
    frontend = await scene.frontend();
    const { leave, gone } = request();
    await until(() => asked.length === 1);
    leave();
    await gone;
    await expect.poll(() => disconnects('prefill')).toBe(1);
    expect(prefill.engine.seen).toHaveLength(0);
  });

  it('during the prefill leg: the engine is told, decode never asked', async () => {
    const { prefill, decode } = await stack(hangs, generates);
    const { leave, gone } = request();
    await until(() => prefill.seen.length === 1);
    leave();
    await gone;
    await expect.poll(() => prefill.abandonedCount()).toBe(1);
    expect(decode.seen).toHaveLength(0);
    await expect.poll(() => disconnects('prefill')).toBe(1);
  });

  it('during the decode leg, before its first byte', async () => {
    const { decode } = await stack(prefills(), hangs);
    const { leave, gone } = request({ stream: true });
    await until(() => decode.seen.length === 1);
    leave();
    await gone;
    await expect.poll(() => decode.abandonedCount()).toBe(1);
    await expect.poll(() => disconnects('generation')).toBe(1);
  });

  it('in mid-stream: the engine is told and counted as no fault', async () => {
    const { decode } = await stack(prefills(), firstToken);
    const controller = new AbortController();
    const response = await fetch(`${frontend.url()}/v1/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: MODEL, prompt: PROMPT, stream: true }),
      signal: controller.signal,
    });
    expect(response.status).toBe(200);
    controller.abort();
    await expect.poll(() => decode.abandonedCount()).toBe(1);
    expect(await metric(frontend, 'kvasir_frontend_leg_failures_total')).toBe(0);
    await expect.poll(() => metric(frontend, 'kvasir_frontend_requests_total', 'status_class="499"')).toBe(1);
    decode.answer = generates;
    expect((await post(frontend)).headers.get('x-kvasir-decode-worker')).toBe('d');
  });

  it('while it waits for an answer in one piece', async () => {
    const { decode } = await stack(prefills(), ({ response }) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"choices":');
    });
    const { leave, gone } = request();
    await until(() => decode.seen.length === 1);
    leave();
    await gone;
    await expect.poll(() => decode.abandonedCount()).toBe(1);
  });
});

describe('a client that does not read', () => {
  it('holds its engine back and costs no memory, while others are served', async () => {
    const piece = chunk('x'.repeat(16_000));
    const pieces = 4_000;
    let sent = 0;
    const { decode } = await stack(prefills(), ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const next = (): void => {
        while (sent < pieces && !response.destroyed) {
          sent += 1;
          if (!response.write(piece)) {
            response.once('drain', next);
            return;
          }
        }
        if (!response.destroyed) response.end(`${chunk('', 'stop')}data: [DONE]\n\n`);
      };
      next();
    });
    const body = JSON.stringify({ model: MODEL, prompt: PROMPT, stream: true });
    const { port } = frontend.address();
    const socket: Socket = connect(port, '127.0.0.1');
    socket.pause();
    socket.write(`POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    let before = -1;
    await expect
      .poll(
        () => {
          const isStill = sent > 0 && sent === before;
          before = sent;
          return isStill;
        },
        { interval: 150, timeout: 20_000 },
      )
      .toBe(true);
    // What sockets on the way hold; the 64 MB of the answer are not among it.
    expect(sent * piece.length).toBeLessThan(24_000_000);
    decode.answer = generates;
    expect((await post(frontend)).status).toBe(200);
    let received = 0;
    socket.on('data', (bytes: Buffer) => (received += bytes.length));
    socket.resume();
    await expect.poll(() => sent, { timeout: 20_000 }).toBe(pieces);
    await expect.poll(() => received, { timeout: 20_000 }).toBeGreaterThan(pieces * piece.length);
    socket.destroy();
  });
});

describe('many clients that leave at random', () => {
  it('leave nothing behind', async () => {
    const { prefill, decode } = await stack(prefills(), ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      let left = 20;
      const next = (): void => {
        if (response.destroyed) return;
        left -= 1;
        if (left === 0) response.end(`${chunk('', 'stop')}data: [DONE]\n\n`);
        else {
          response.write(chunk('a'));
          setImmediate(next);
        }
      };
      next();
    });
    let answered = 0;
    let left = 0;
    const client = async (number: number): Promise<void> => {
      for (let turn = 0; turn < 10; turn += 1) {
        const controller = new AbortController();
        const stop = (number * 7 + turn * 3) % 5;
        if (stop > 0) setTimeout(() => controller.abort(), stop * 3);
        await post(frontend, { stream: true }, { signal: controller.signal }).then(
          () => (answered += 1),
          () => (left += 1),
        );
      }
    };
    await Promise.all(Array.from({ length: 24 }, (_, number) => client(number)));
    expect(answered + left).toBe(240);
    expect(answered).toBeGreaterThan(0);
    expect(left).toBeGreaterThan(0);
    expect(prefill.seen.length).toBeGreaterThan(0);
    expect(decode.seen.length).toBeGreaterThan(0);
  });
});
