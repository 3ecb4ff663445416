import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Frontend } from '../src/index.js';
import { metric, MODEL, post, Scene, until } from './scene.js';
import { generates } from './test-engine.js';

const BODY = JSON.stringify({ model: MODEL, prompt: [1, 2, 3], max_tokens: 3 });
const head = (length: number, more = ''): string =>
  `POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n${more}\r\n`;

describe('intake', () => {
  let scene: Scene;
  const sockets: Socket[] = [];

  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await scene.close();
  });

  /** A connection and all that it has been told. */
  async function open(frontend: Frontend) {
    const { port } = frontend.address();
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    sockets.push(socket);
    let text = '';
    let isClosed = false;
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
    socket.on('error', () => undefined);
    socket.on('end', () => (isClosed = true));
    socket.on('close', () => (isClosed = true));
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    return { socket, text: () => text, ended: () => until(() => isClosed) };
  }

  const told = (text: string) => {
    const [status = '', ...rest] = text.split('\r\n');
    const json = rest.join('\r\n').split('\r\n\r\n').at(-1) ?? '';
    const { error } = JSON.parse(json) as { error: Record<string, string> };
    return { status: Number(status.split(' ')[1]), code: error['code'], type: error['type'] };
  };

  it.each([
    ['a request line that is none', 'GARBAGE\r\n\r\n', 400, 'malformed_http', 'malformed'],
    [
      'a head that is too long',
      `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers_too_large',
      'headersTooLarge',
    ],
    [
      'a transfer encoding that is not known',
      'POST /v1/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n{}',
      501,
      'unsupported_transfer_encoding',
      'transferEncoding',
    ],
    [
      'a head that does not end',
      'POST /v1/completions HTTP/1.1\r\nhost',
      408,
      'request_incomplete',
      'headersTimeout',
    ],
  ])('answers %s in the shape of all errors', async (...[, bytes, status, code, reason]) => {
    await scene.worker('aggregated', 'a', generates);
    const frontend = await scene.frontend(['--headers-timeout-ms', '50']);
    const client = await open(frontend);
    client.socket.write(bytes);
    await client.ended();
    const type = status >= 500 ? 'server_error' : 'invalid_request_error';
    expect(told(client.text())).toEqual({ status, code, type });
    expect(client.text().toLowerCase()).toContain('\r\nx-request-id: request-');
    const counted = await metric(frontend, 'kvasir_frontend_connection_faults_total', `reason="${reason}"`);
    expect(counted).toBe(1);
  });

  it('answers a client that has closed its sending side', async () => {
    const { engine } = await scene.worker('aggregated', 'a', () => undefined);
    const frontend = await scene.frontend();
    for (const isStream of [false, true]) {
      const client = await open(frontend);
      const body = JSON.stringify({ model: MODEL, prompt: [1, 2], stream: isStream });
      client.socket.end(head(body.length) + body);
      await until(() => engine.seen.length === (isStream ? 2 : 1));
      // It is asked whether it still reads, more than once, before there is an answer.
      await until(() => client.text().split('102 Processing').length > 2);
      const seen = engine.seen.at(-1);
      if (seen === undefined) throw new TypeError('the engine was not asked');
      generates(seen);
      await client.ended();
      expect(client.text()).toContain('HTTP/1.1 200 OK');
      expect(client.text()).toContain(isStream ? 'data: [DONE]' : 'a b c');
    }
    expect(await metric(frontend, 'kvasir_frontend_disconnects_total')).toBe(0);
  });

  it('lets an engine go whose client has left without a word', async () => {
    const { engine } = await scene.worker('aggregated', 'a', () => undefined);
    const frontend = await scene.frontend();
    const client = await open(frontend);
    client.socket.write(head(BODY.length) + BODY);
    await until(() => engine.seen.length === 1);
    client.socket.destroy();
    await until(() => engine.abandonedCount() === 1);
    await until(async () => (await metric(frontend, 'kvasir_frontend_disconnects_total')) === 1);
  });

  it('gives a slow body up, and keeps its place for nobody', async () => {
    await scene.worker('aggregated', 'a', generates);
    const frontend = await scene.frontend(['--requests-max', '1', '--body-grace-ms', '600']);
    const slow = await Promise.all(Array.from({ length: 50 }, () => open(frontend)));
    for (const { socket } of slow) socket.write(`${head(10_000_000)}{`);
    await until(async () => (await metric(frontend, 'kvasir_frontend_bodies_arriving')) === 50);
    // What is only declared holds nothing.
    expect(await metric(frontend, 'kvasir_frontend_body_bytes_in_flight')).toBe(50);
    expect((await post(frontend)).status).toBe(200);
    for (const { ended, text } of slow) {
      await ended();
      expect(told(text())).toMatchObject({ status: 408, code: 'request_incomplete' });
    }
    expect(await metric(frontend, 'kvasir_frontend_rejections_total', 'reason="bodyTooSlow"')).toBe(50);
    expect(await metric(frontend, 'kvasir_frontend_body_bytes_in_flight')).toBe(0);
  });

  it('passes a long body on, byte for byte and with its length, beside a short one', async () => {
    const { engine } = await scene.worker('aggregated', 'a', generates);
    const frontend = await scene.frontend();
    const user = 'é\n'.repeat(1_000_000);
    const done: string[] = [];
    const long = post(frontend, { user }).then(({ status }) => done.push(`long ${status}`));
    await post(frontend).then(({ status }) => done.push(`short ${status}`));
    await long;
    expect(done.toSorted()).toEqual(['long 200', 'short 200']);
    const sent = engine.seen.find(({ body }) => body['user'] !== undefined);
    expect(sent?.body['user'] === user).toBe(true);
    expect(sent?.headers['content-length']).toBe(String(Buffer.byteLength(sent?.raw ?? '')));
    expect(sent?.headers['transfer-encoding']).toBeUndefined();
  });

  it('bounds what one client holds, and leaves room for another', async () => {
    const { engine } = await scene.worker('aggregated', 'a', () => undefined);
    const frontend = await scene.frontend([
      ...['--body-bytes-max', '4096', '--client-bytes-in-flight-max', '5000'],
      ...['--body-bytes-in-flight-max', '9000', '--trusted-proxies', '127.0.0.0/8'],
    ]);
    const send = (client: string) =>
      post(frontend, { user: 'x'.repeat(3_000) }, { headers: { 'x-forwarded-for': client } });
    const running = [send('192.0.2.1'), send('192.0.2.2')];
    await until(() => engine.seen.length === 2);
    const refused = await send('192.0.2.1');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(refused.json['error']).toMatchObject({ code: 'client_overloaded', type: 'rate_limit_error' });
    const third = await send('192.0.2.3');
    expect([third.status, third.headers.get('retry-after')]).toEqual([503, '1']);
    expect(third.json['error']).toMatchObject({ code: 'bodies_overloaded' });
    engine.answer = generates;
    for (const seen of engine.seen) generates(seen);
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await send('192.0.2.3')).status).toBe(200);
    expect(await metric(frontend, 'kvasir_frontend_rejections_total', 'reason="clientBytes"')).toBe(1);
    expect(await metric(frontend, 'kvasir_frontend_rejections_total', 'reason="bodyBytes"')).toBe(1);
  });
});
