import { systemClock } from '@kvasir/service';
import { startNatsServer, startServerProcess } from '@kvasir/testkit';
import type { ServerProcess } from '@kvasir/testkit';
import { connect } from 'nats';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectNatsEventPlane } from '../src/index.js';
import type { EventLog, NatsEventPlane } from '../src/index.js';

let server: ServerProcess;
beforeAll(async () => {
  server = await startNatsServer();
});
afterAll(() => server.stop());

let logCount = 0;
const planes: NatsEventPlane[] = [];
afterEach(async () => {
  for (const plane of planes.splice(0)) await plane.close();
});

async function open(url = `nats://127.0.0.1:${server.port}`) {
  const plane = await connectNatsEventPlane({ urls: [url], name: 'test', clock: systemClock });
  planes.push(plane);
  logCount += 1;
  const name = `log-${logCount}`;
  const log = await plane.openLog(name, `${name}.*`);
  const publish = async (from: number, to: number): Promise<void> => {
    for (let number = from; number <= to; number += 1)
      plane.publish(`${name}.a`, Uint8Array.of(number & 255, number >> 8));
    await plane.flush();
  };
  return { plane, log, name, publish };
}

function follow(log: EventLog, afterSequence: number) {
  const numbers: number[] = [];
  const subscription = log.follow(afterSequence, ({ payload }) => {
    numbers.push((payload[0] ?? 0) + (payload[1] ?? 0) * 256);
  });
  return { numbers, subscription };
}

const numbersFrom = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
const SOON = { timeout: 15_000, interval: 20 };

describe('NatsEventLog', () => {
  it('keeps what is published before anybody follows, and goes on with what comes', async () => {
    const { log, publish } = await open();
    await publish(1, 3_000);
    await vi.waitFor(async () => expect((await log.state()).lastSequence).toBe(3_000), SOON);
    const { numbers, subscription } = follow(log, 500);
    await vi.waitFor(() => expect(numbers).toHaveLength(2_500), SOON);
    await publish(3_001, 3_010);
    await vi.waitFor(() => expect(numbers).toEqual(numbersFrom(501, 3_010)), SOON);
    subscription.unsubscribe();
    await publish(3_011, 3_011);
    await vi.waitFor(async () => expect((await log.state()).lastSequence).toBe(3_011), SOON);
    expect(numbers).toHaveLength(2_510);
  });

  it('forgets what was trimmed', async () => {
    const { log, publish } = await open();
    await publish(1, 20);
    await vi.waitFor(async () => expect((await log.state()).messageCount).toBe(20), SOON);
    await log.trim(15);
    expect((await log.state()).messageCount).toBe(5);
    const { numbers } = follow(log, 0);
    await vi.waitFor(() => expect(numbers).toEqual(numbersFrom(16, 20)), SOON);
  });

  it('is followed over a crash of the server, without a hole or a repetition', async () => {
    const own = await startNatsServer();
    try {
      const { log, publish, plane } = await open(`nats://127.0.0.1:${own.port}`);
      const { numbers } = follow(log, 0);
      await publish(1, 100);
      await vi.waitFor(() => expect(numbers).toHaveLength(100), SOON);
      await own.kill();
      await vi.waitFor(() => expect(plane.health().kind).toBe('disconnected'), SOON);
      await own.restart();
      await vi.waitFor(() => expect(plane.health().kind).toBe('connected'), SOON);
      await publish(101, 120);
      await vi.waitFor(() => expect(numbers).toEqual(numbersFrom(1, 120)), SOON);
    } finally {
      await own.stop();
    }
  });

  it('is followed from its beginning when it was lost and made anew', async () => {
    const { log, publish, name } = await open();
    const { numbers } = follow(log, 0);
    await publish(1, 10);
    await vi.waitFor(() => expect(numbers).toHaveLength(10), SOON);
    const { logId } = await log.state();
    const admin = await connect({ servers: `127.0.0.1:${server.port}` });
    await (await admin.jetstreamManager()).streams.delete(name);
    await admin.close();
    // The next look makes the stream again.
    await vi.waitFor(async () => expect((await log.state()).logId).not.toBe(logId), SOON);
    await publish(201, 203);
    await vi.waitFor(() => expect(numbers.slice(10)).toEqual([201, 202, 203]), SOON);
  });

  it('is refused with a clear sentence by a server without JetStream', async () => {
    const plain = await startServerProcess('nats-server', (port) => ['-a', '127.0.0.1', '-p', String(port)]);
    try {
      await expect(open(`nats://127.0.0.1:${plain.port}`)).rejects.toMatchObject({
        code: 'EVENT_PLANE_NO_LOG',
        message: expect.stringContaining('JetStream switched off') as string,
      });
    } finally {
      await plain.stop();
    }
  });
});
