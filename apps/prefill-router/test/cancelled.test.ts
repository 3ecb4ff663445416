import { connect, constants } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { requestId } from '@kvasir/units';
import type { RouterClient } from '@kvasir/rpc';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Scene, streams } from './scene.js';

const FIND_BEST_WORKER = '/kvasir.v1.Router/FindBestWorker';
const CALLS = 50;

/** A field of a length below 128. */
const field = (number: number, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), bytes]);

/** A gRPC message as it is on the wire: `request_id` and a prompt of four tokens. */
function message(id: string): Buffer {
  const tokens = Buffer.from(Uint32Array.of(1, 2, 3, 4).buffer);
  const body = Buffer.concat([field(1, Buffer.from(id)), field(2, field(1, tokens))]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  return Buffer.concat([head, body]);
}

function call(
  session: ClientHttp2Session,
  id: string,
  headers: Record<string, string> = {},
): ClientHttp2Stream {
  const stream = session.request({
    ...{ ':method': 'POST', ':path': FIND_BEST_WORKER, te: 'trailers', 'content-type': 'application/grpc' },
    ...headers,
  });
  stream.on('error', () => undefined);
  stream.end(message(id));
  return stream;
}

async function bookings(client: RouterClient): Promise<number> {
  const loads = await client.getPotentialLoads({ tokens: new Uint32Array(0) });
  return loads.reduce((sum, load) => sum + load.activeRequests, 0);
}

describe('a caller that leaves', () => {
  let scene: Scene;
  let session: ClientHttp2Session;
  let client: RouterClient;

  async function router(...argv: readonly string[]): Promise<void> {
    const { url } = await scene.engine(streams('x'));
    await scene.worker('a', url);
    const opened = await scene.router(argv);
    client = opened.client;
    session = connect(`http://${opened.router.address()}`);
    session.on('error', () => undefined);
    await expect
      .poll(async () => (await client.getPotentialLoads({ tokens: new Uint32Array(0) })).length)
      .toBe(1);
  }

  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(async () => {
    session.destroy();
    await scene.close();
  });

  it('leaves no booking when it cancels together with its request', async () => {
    await router();
    for (let index = 0; index < CALLS; index += 1) {
      const stream = call(session, `q${index}`);
      // In the same write as the request.
      stream.close(constants.NGHTTP2_CANCEL);
      await new Promise((resolve) => stream.once('close', resolve));
    }
    await expect.poll(() => bookings(client)).toBe(0);
    // Nothing was freed that is not theirs.
    await client.findBestWorker({ requestId: requestId('mine'), prompt: { tokens: Uint32Array.of(1) } });
    expect(await bookings(client)).toBe(1);
  });

  it('leaves no booking when its connection breaks right after the request', async () => {
    await router();
    for (let index = 0; index < CALLS; index += 1) call(session, `q${index}`);
    session.destroy();
    await expect.poll(() => bookings(client)).toBe(0);
  });

  it.each([
    ['cancels', {}],
    ['is out of time', { 'grpc-timeout': '50m' }],
  ])('leaves neither booking nor place in the queue when it %s while it waits', async (how, headers) => {
    await router('--router-queue-prefill-tokens', '0');
    await client.findBestWorker({
      requestId: requestId('busy'),
      prompt: { tokens: Uint32Array.of(1, 2, 3, 4) },
    });
    const waiting = Array.from({ length: CALLS }, (_, index) => call(session, `q${index}`, headers));
    const isQueued = client.findBestWorker({
      requestId: requestId('last'),
      prompt: { tokens: Uint32Array.of(1) },
    });
    const ended = Promise.all(
      waiting.map((stream) => new Promise((resolve) => stream.once('close', resolve))),
    );
    if (how === 'cancels') for (const stream of waiting) stream.close(constants.NGHTTP2_CANCEL);
    else for (const stream of waiting) stream.resume();
    await ended;
    // Whoever waits behind them is next.
    await client.free(requestId('busy'));
    await isQueued;
    expect(await bookings(client)).toBe(1);
    await client.free(requestId('last'));
    expect(await bookings(client)).toBe(0);
  });
});
