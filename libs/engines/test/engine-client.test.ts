import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { callEngine, EngineClient, probeEngine, Relay, vllmDialect } from '../src/index.js';
import type { EngineLimits, EngineRequest } from '../src/index.js';
import { startFakeEngine } from './fake-engine.js';
import type { FakeEngine } from './fake-engine.js';

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

async function engine(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => void,
): Promise<FakeEngine> {
  const made = await startFakeEngine(answer);
  opened.push(() => made.close());
  return made;
}

function client(limits: Partial<EngineLimits> = {}): EngineClient {
  const made = new EngineClient(limits);
  opened.push(() => made.close());
  return made;
}

const request: EngineRequest = {
  path: '/v1/completions',
  headers: ['content-type', 'application/json', 'x-request-id', 'r'],
  body: Buffer.from('{"prompt":"x"}'),
};

const call = (
  sender: EngineClient,
  url: string,
  sent: EngineRequest,
  signal?: AbortSignal,
): ReturnType<typeof callEngine> => callEngine(sender, { url }, sent, { signal });

const code = (answer: Awaited<ReturnType<typeof callEngine>>): string =>
  answer.kind === 'failed' ? answer.failure.code : answer.kind;

describe('EngineClient', () => {
  it('gives the key of an engine in the place of what a client has sent, and only to that engine', async () => {
    const seen: (string | undefined)[] = [];
    const answer = ({ headers }: IncomingMessage, response: ServerResponse): void => {
      seen.push(headers.authorization);
      response.end(JSON.stringify({ type: headers['content-type'] }));
    };
    const [guarded, open] = [await engine(answer), await engine(answer)];
    const sender = new EngineClient({}, undefined, (url) => (url === guarded.url ? 'Bearer key' : null));
    opened.push(() => sender.close());
    const sent = { ...request, headers: ['authorization', 'Bearer client', ...request.headers] };
    const told = await call(sender, guarded.url, sent);
    await call(sender, guarded.url, request);
    await call(sender, open.url, sent);
    expect(seen).toEqual(['Bearer key', 'Bearer key', 'Bearer client']);
    expect(told.kind === 'ok' && told.bytes.toString()).toBe('{"type":"application/json"}');
  });
});

describe('callEngine()', () => {
  it('sends the request and reads the whole answer', async () => {
    const { url } = await engine(({ url: path, headers }, response, body) =>
      response.end(
        JSON.stringify({ path, id: headers['x-request-id'], type: headers['content-type'], body }),
      ),
    );
    const answer = await call(client(), `${url}/base`, request);
    expect(answer.kind === 'ok' && (JSON.parse(answer.bytes.toString()) as unknown)).toEqual({
      path: '/base/v1/completions',
      id: 'r',
      type: 'application/json',
      body: '{"prompt":"x"}',
    });
  });

  it('keeps connections and uses them again', async () => {
    const fake = await engine((_request, response) => response.end('{}'));
    const sender = client();
    for (let index = 0; index < 5; index += 1) await call(sender, fake.url, request);
    // A connection is free again only after its answer was handed over, so two take turns.
    expect(fake.connectionCount()).toBeLessThanOrEqual(2);
    expect(sender.runningExchanges).toBe(0);
  });

  it('tells what an engine says with an error status', async () => {
    const { url } = await engine((_request, response) => {
      response.statusCode = 400;
      response.end('{"error":{"message":"too long","type":"BadRequestError","code":400}}');
    });
    expect(await call(client(), url, request)).toMatchObject({
      kind: 'failed',
      failure: { code: 'ENGINE_REFUSED', outcome: 'clientFault', status: 400 },
      error: { message: 'too long', status: 400 },
    });
  });

  it('knows that nothing was sent when nobody listens', async () => {
    const gone = await startFakeEngine(() => undefined);
    await gone.close();
    expect(await call(client(), gone.url, request)).toMatchObject({
      kind: 'failed',
      failure: { code: 'ENGINE_UNREACHABLE', wasSent: false, outcome: 'workerFault' },
    });
  });

  it('sees a connection that breaks before and within the answer', async () => {
    const before = await engine((asked) => asked.socket.destroy());
    const within = await engine((asked, response) => {
      response.write('{"half":');
      setImmediate(() => asked.socket.destroy());
    });
    const sender = client();
    expect(code(await call(sender, before.url, request))).toBe('ENGINE_DISCONNECTED');
    expect(code(await call(sender, within.url, request))).toBe('ENGINE_DISCONNECTED');
  });

  /** A connection is kept for the next request in the turn after its answer. */
  const isKept = (): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(resolve);
    });

  it('never sends a request twice that breaks a connection of its own', async () => {
    let asked = 0;
    const fake = await engine((seen, response) => {
      asked += 1;
      response.destroy();
    });
    const sender = client();
    expect((await call(sender, fake.url, request)).kind).toBe('failed');
    expect(asked).toBe(1);
  });

  it('sends a request at most twice that breaks a kept connection, and once when it has broken one before', async () => {
    let asked = 0;
    let isWell = true;
    const fake = await engine((seen, response) => {
      asked += 1;
      if (isWell) response.end('{}');
      else response.destroy();
    });
    const sender = client();
    const ask = (isSuspect: boolean) => callEngine(sender, { url: fake.url }, request, { isSuspect });
    await ask(false);
    await isKept();
    [isWell, asked] = [false, 0];
    expect(await ask(false)).toMatchObject({ kind: 'failed', failure: { code: 'ENGINE_DISCONNECTED' } });
    expect(asked).toBe(2);
    [isWell, asked] = [true, 0];
    await ask(false);
    await isKept();
    [isWell, asked] = [false, 0];
    expect((await ask(true)).kind).toBe('failed');
    expect(asked).toBe(1);
    expect(sender.runningExchanges).toBe(0);
  });

  it('sends again on a new connection when a kept one turns out to be closed', async () => {
    let asked = 0;
    const fake = await engine((incoming, response) => {
      asked += 1;
      if (asked === 2) incoming.socket.destroy();
      else response.end(`{"n":${asked}}`);
    });
    const sender = client();
    await call(sender, fake.url, request);
    await isKept();
    const answer = await call(sender, fake.url, request);
    expect(answer.kind === 'ok' && answer.bytes.toString()).toBe('{"n":3}');
    expect(fake.connectionCount()).toBe(2);
  });

  it('gives up on an engine that does not begin, or stops in mid-answer', async () => {
    const mute = await engine(() => undefined);
    const stuck = await engine((_request, response) => response.write('{'));
    const sender = client({ firstTokenTimeoutMs: 50, tokenGapTimeoutMs: 50 });
    expect(code(await call(sender, mute.url, request))).toBe('ENGINE_FIRST_TOKEN_TIMEOUT');
    expect(code(await call(sender, stuck.url, request))).toBe('ENGINE_INACTIVE');
  });

  it('takes what is no HTTP for a fault', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).resume();
      socket.end('SSH-2.0-OpenSSH\r\n');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    opened.push(async () => {
      server.close();
      await once(server, 'close');
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(code(await call(client(), url, request))).toBe('ENGINE_PROTOCOL');
  });

  it('does not keep an answer that is too large', async () => {
    const { url } = await engine((_request, response) => response.end('x'.repeat(200_000)));
    expect(code(await call(client({ answerBytesMax: 100_000 }), url, request))).toBe(
      'ENGINE_ANSWER_TOO_LARGE',
    );
  });

  it('fails at once when as many exchanges run as may, and lets nothing wait', async () => {
    const waiting: ServerResponse[] = [];
    const fake = await engine((_request, response) => waiting.push(response));
    const sender = client({ exchangesPerEngineMax: 2 });
    const first = [call(sender, fake.url, request), call(sender, fake.url, request)];
    expect(await call(sender, fake.url, request)).toMatchObject({
      failure: { code: 'ENGINE_NO_CONNECTION', outcome: 'overload', wasSent: false },
    });
    await expect.poll(() => waiting.length).toBe(2);
    for (const response of waiting) response.end('{}');
    expect((await Promise.all(first)).map(code)).toEqual(['ok', 'ok']);
    const third = call(sender, fake.url, request);
    await expect.poll(() => waiting.length).toBe(3);
    waiting[2]?.end('{}');
    expect(code(await third)).toBe('ok');
  });

  it('lets the engine see that the caller has left', async () => {
    let asked = 0;
    let left = 0;
    const fake = await engine((_request, response) => {
      asked += 1;
      response.on('close', () => (left += 1));
    });
    const sender = client();
    const leave = new AbortController();
    const running = call(sender, fake.url, request, leave.signal);
    await expect.poll(() => asked).toBe(1);
    leave.abort();
    expect((await running).kind).toBe('aborted');
    await expect.poll(() => left).toBe(1);
    expect(sender.runningExchanges).toBe(0);
  });

  it('sends nothing for a caller that has left before', async () => {
    const fake = await engine(() => undefined);
    expect((await call(client(), fake.url, request, AbortSignal.abort())).kind).toBe('aborted');
    expect(fake.connectionCount()).toBe(0);
  });

  it('settles what runs when it is closed', async () => {
    const fake = await engine(() => undefined);
    const sender = client();
    const running = call(sender, fake.url, request);
    await expect.poll(() => fake.sockets.size).toBe(1);
    await sender.close();
    expect(code(await running)).toBe('ENGINE_CLIENT_CLOSED');
    expect(code(await call(sender, fake.url, request))).toBe('ENGINE_CLIENT_CLOSED');
  });

  it('lets unused engines go when it knows too many', async () => {
    const engines = await Promise.all(
      [0, 1, 2].map(() => engine((_request, response) => response.end('{}'))),
    );
    const sender = client({ enginesMax: 2 });
    for (const { url } of engines) expect(code(await call(sender, url, request))).toBe('ok');
    await expect.poll(() => engines.map(({ sockets }) => sockets.size)).toEqual([0, 1, 1]);
  });
});

describe('Relay over sockets', () => {
  it('stops reading from the engine while the client does not read', async () => {
    const piece = Buffer.alloc(64 * 1024, 'x');
    const pieces = 512;
    let sent = 0;
    const { url } = await engine((_request, response) => {
      const next = (): void => {
        while (sent < pieces) {
          sent += 1;
          if (!response.write(piece)) {
            response.once('drain', next);
            return;
          }
        }
        response.end();
      };
      next();
    });
    let received = 0;
    let drained = (): void => undefined;
    let isFull = true;
    const sink = {
      write: (bytes: Buffer) => {
        received += bytes.length;
        return !isFull;
      },
      onDrain: (callback: () => void) => {
        drained = callback;
      },
    };
    const end = client().send(url, request, {
      shape: 'stream',
      respond: (_head, flow) => new Relay(sink, flow),
    });
    // The engine is held back by its own socket: what is under way stops growing long before the whole.
    let before = -1;
    await expect
      .poll(
        () => {
          const isStill = sent === before && sent > 0;
          before = sent;
          return isStill;
        },
        { interval: 100 },
      )
      .toBe(true);
    expect(sent).toBeLessThan(pieces / 2);
    expect(received).toBeLessThan(1_000_000);
    isFull = false;
    drained();
    expect((await end).kind).toBe('completed');
    await new Promise((resolve) => process.nextTick(resolve));
    expect(received).toBe(piece.length * pieces);
  });
});

describe('probeEngine()', () => {
  const probe = (url: string, timeoutMs = 5_000) =>
    probeEngine(client(), { url, dialect: vllmDialect, model: 'm' }, { timeoutMs });

  it.each([
    [200, 'serves'],
    [429, 'serves'],
    [503, 'serves'],
    [400, 'serves'],
    [500, 'fails'],
  ])('judges an engine that answers %i: it %s', async (status, kind) => {
    const { url } = await engine((_request, response) => {
      response.statusCode = status;
      response.end('{}');
    });
    expect((await probe(url)).kind).toBe(kind);
  });

  it('fails when nothing is generated in time', async () => {
    const { url } = await engine(() => undefined);
    expect(await probe(url, 50)).toEqual({ kind: 'fails', failure: null });
  });
});
