import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { VirtualClock } from '@kvasir/testkit';
import { requestId } from '@kvasir/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClientAnswer } from '../src/http/client-answer.js';
import { SseKeepalive } from '../src/http/sse-keepalive.js';
import { metric, payloads, post, PROMPT, Scene, until } from './scene.js';
import { chunk, generates, hangs, prefills, says, serves } from './test-engine.js';

const ON = ['--sse-keepalive-ms', '20'];
const COMMENT = ': keep-alive\n\n';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

/** Sends a streamed completion; tells what has come so far. */
async function stream(url: string, fields: object = {}) {
  const response = await fetch(`${url}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', prompt: PROMPT, max_tokens: 3, stream: true, ...fields }),
  });
  const seen = { text: '' };
  const ended = (async () => {
    for await (const bytes of response.body ?? []) seen.text += Buffer.from(bytes as Uint8Array).toString();
  })();
  return { response, seen, ended };
}

describe('--sse-keepalive-ms', () => {
  it('sends comments before the head of the engine has come, and the stream after them', async () => {
    const { engine } = await scene.worker('aggregated', 'a', hangs);
    const frontend = await scene.frontend(ON);
    const { response, seen, ended } = await stream(frontend.url());
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
    expect(response.headers.get('x-request-id')).not.toBeNull();
    await until(() => engine.seen.length === 1 && seen.text.split(COMMENT).length > 3);
    const [asked] = engine.seen;
    if (asked !== undefined) generates(asked);
    await ended;
    const events = seen.text.replaceAll(COMMENT, '');
    expect(events.startsWith('data: {')).toBe(true);
    expect(payloads(events).at(-1)).toBe('[DONE]');
  });

  it('keeps a long prefill leg alive', async () => {
    const { engine } = await scene.worker('prefill', 'p', hangs);
    await scene.worker('decode', 'd', serves);
    await scene.prefillRouter();
    const frontend = await scene.frontend([...ON, '--enforce-disagg']);
    const { seen, ended } = await stream(frontend.url());
    await until(() => engine.seen.length === 1 && seen.text.split(COMMENT).length > 2);
    const [asked] = engine.seen;
    if (asked !== undefined) prefills()(asked);
    await ended;
    expect(payloads(seen.text).at(-1)).toBe('[DONE]');
  });

  it('turns a refusal after the first comment into an error event, and counts its own status', async () => {
    const { engine } = await scene.worker('aggregated', 'a', hangs);
    const frontend = await scene.frontend(ON);
    const { seen, ended } = await stream(frontend.url());
    await until(() => engine.seen.length === 1 && seen.text.includes(COMMENT));
    const [asked] = engine.seen;
    if (asked !== undefined)
      says(400, { error: { message: 'no such thing', type: 'BadRequestError' } })(asked);
    await ended;
    expect(JSON.parse(payloads(seen.text)[0] ?? '')).toMatchObject({ error: { message: 'no such thing' } });
    await expect.poll(() => metric(frontend, 'kvasir_frontend_requests_total', 'status_class="4xx"')).toBe(1);
  });

  it('lets a request run elsewhere as long as only comments have gone out', async () => {
    const { engine } = await scene.worker('aggregated', 'a', hangs);
    const frontend = await scene.frontend(ON);
    const { seen, ended } = await stream(frontend.url());
    await until(() => engine.seen.length === 1 && seen.text.includes(COMMENT));
    const [asked] = engine.seen;
    await scene.worker('aggregated', 'b', generates);
    if (asked !== undefined) says(500, { error: 'broken' })(asked);
    await ended;
    expect(payloads(seen.text).at(-1)).toBe('[DONE]');
  });

  it('never sends one inside of an event, however the engine cuts it', async () => {
    const { engine } = await scene.worker('aggregated', 'a', ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunk('a').slice(0, 20));
    });
    const frontend = await scene.frontend(ON);
    // A client that asks for usage itself gets the engine's bytes as they come.
    const { seen, ended } = await stream(frontend.url(), { stream_options: { include_usage: true } });
    await until(() => seen.text.includes('data: '));
    // Time enough for many comments.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const [asked] = engine.seen;
    asked?.response.write(chunk('a').slice(20));
    await until(() => seen.text.endsWith(COMMENT));
    asked?.response.end(`${chunk('b', 'stop')}data: [DONE]\n\n`);
    await ended;
    expect(seen.text).toContain(chunk('a'));
    expect(payloads(seen.text)).toHaveLength(3);
  });

  it('sends none when it is off, nor in answers in one piece', async () => {
    const { engine } = await scene.worker('aggregated', 'a', hangs);
    const frontend = await scene.frontend(ON);
    const whole = post(frontend);
    await until(() => engine.seen.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 60));
    const [asked] = engine.seen;
    if (asked !== undefined) generates(asked);
    expect((await whole).text).not.toContain('keep-alive');
  });
});

describe('SseKeepalive', () => {
  it('comments after each period of silence, with one timer, and not to a client that does not read', async () => {
    const clock = new VirtualClock();
    const answers: ClientAnswer[] = [];
    const lengths: (() => number)[] = [];
    const server = createServer((_request, response) => {
      answers.push(new ClientAnswer(response, requestId('r')));
      lengths.push(() => response.writableLength);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(() => answers.length === 1);
    const [answer] = answers;
    const buffered = (): number => lengths[0]?.() ?? 0;
    if (answer === undefined) throw new TypeError('Cannot test: no request has come');
    const keepalive = new SseKeepalive(answer, { periodMs: 100, clock });
    clock.advance(99);
    expect([answer.hasHead, clock.pendingTimerCount]).toEqual([false, 1]);
    clock.advance(1);
    expect([answer.hasHead, answer.status, clock.pendingTimerCount]).toEqual([true, null, 1]);
    // Until the client is full.
    while (answer.write(Buffer.from(`data: ${'x'.repeat(100_000)}\n\n`)));
    const before = buffered();
    clock.advance(1_000);
    expect(buffered()).toBeLessThanOrEqual(before);
    expect(clock.pendingTimerCount).toBe(1);
    keepalive.stop();
    expect(clock.pendingTimerCount).toBe(0);
    socket.destroy();
    server.closeAllConnections();
    server.close();
  });
});
