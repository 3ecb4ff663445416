import { systemClock } from '@kvasir/service';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Publisher } from 'zeromq';
import { ZmqEventPublisher, ZmqEventSource } from '../src/index.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const ANY = 'tcp://127.0.0.1:*';

async function engine(
  options: { endpoint?: string; replayEndpoint?: string | null; keptMessages?: number } = {},
): Promise<ZmqEventPublisher> {
  const publisher = new ZmqEventPublisher({ endpoint: ANY, replayEndpoint: ANY, topic: 'kv', ...options });
  // A port that was used a moment ago is let go of a moment later.
  await vi.waitFor(() => publisher.start(), { timeout: 5_000 });
  closers.push(() => publisher.close());
  return publisher;
}

function source(endpoint: string, replayEndpoint: string | null) {
  const told: string[] = [];
  const made = new ZmqEventSource({
    endpoint,
    replayEndpoint,
    topic: '',
    clock: systemClock,
    listener: {
      message: (payload) => told.push(payload.toString()),
      began: (reason) => told.push(reason),
    },
  });
  made.start();
  closers.push(() => made.close());
  return { told, made };
}

const say = (publisher: ZmqEventPublisher, ...texts: readonly string[]): void => {
  for (const text of texts) publisher.publish(Buffer.from(text));
};

describe('ZmqEventSource', () => {
  it('has everything from the beginning, however late it comes', async () => {
    const publisher = await engine();
    const { endpoint, replayEndpoint } = publisher.endpoints();
    say(publisher, 'a', 'b');
    const { told, made } = source(endpoint, replayEndpoint);
    await vi.waitFor(() => expect(told).toEqual(['a', 'b']));
    say(publisher, 'c', 'd');
    await vi.waitFor(() => expect(told).toEqual(['a', 'b', 'c', 'd']));
    expect(made.counts()).toMatchObject({ replayed: 2, losses: 0, restarts: 0 });
  });

  it('says that messages are lost when the engine keeps them no more, and goes on', async () => {
    const publisher = await engine({ keptMessages: 2 });
    const { endpoint, replayEndpoint } = publisher.endpoints();
    say(publisher, 'a', 'b', 'c');
    const { told } = source(endpoint, replayEndpoint);
    await vi.waitFor(() => expect(told).toEqual(['lost', 'b', 'c']));
  });

  it('goes on without a replay endpoint from what it hears first', async () => {
    const publisher = await engine({ replayEndpoint: null });
    const { endpoint } = publisher.endpoints();
    const early = source(endpoint, null);
    await vi.waitFor(
      () => {
        say(publisher, 'x');
        expect(early.told.length).toBeGreaterThan(0);
      },
      { timeout: 10_000 },
    );
    const { told } = source(endpoint, null);
    await vi.waitFor(
      () => {
        say(publisher, 'x');
        expect(told.slice(0, 2)).toEqual(['lost', 'x']);
      },
      { timeout: 10_000 },
    );
  });

  it('notices that the engine has started anew', async () => {
    const first = await engine();
    const { endpoint, replayEndpoint } = first.endpoints();
    const { told } = source(endpoint, replayEndpoint);
    say(first, 'a', 'b', 'c');
    await vi.waitFor(() => expect(told).toEqual(['a', 'b', 'c']));
    await first.close();
    const second = await engine({ endpoint, replayEndpoint });
    await vi.waitFor(
      () => {
        say(second, 'x');
        expect(told.slice(3)).toEqual(expect.arrayContaining(['restarted', 'x']));
      },
      { timeout: 10_000, interval: 100 },
    );
    expect(told[3]).toBe('restarted');
    const after = told.slice(4).length;
    await vi.waitFor(() =>
      expect(told.slice(4)).toEqual(new Array(Math.max(after, told.length - 4)).fill('x')),
    );
  });

  it('goes on after a message that its listener cannot take, and says that something is lost', async () => {
    const publisher = await engine();
    const { endpoint, replayEndpoint } = publisher.endpoints();
    say(publisher, 'a', 'bad', 'c');
    const told: string[] = [];
    const made = new ZmqEventSource({
      ...{ endpoint, replayEndpoint, topic: '', clock: systemClock },
      listener: {
        message: (payload) => {
          if (payload.toString() === 'bad') throw new RangeError('no');
          told.push(payload.toString());
        },
        began: (reason) => told.push(reason),
      },
    });
    made.start();
    closers.push(() => made.close());
    await vi.waitFor(() => expect(told).toEqual(['a', 'lost', 'c']));
    say(publisher, 'd');
    await vi.waitFor(() => expect(told).toEqual(['a', 'lost', 'c', 'd']));
    expect(made.counts().failed).toBe(1);
  });

  it('takes the last message once more for what it is, not for another life', async () => {
    const socket = new Publisher();
    await socket.bind(ANY);
    closers.push(() => socket.close());
    const { told, made } = source(socket.lastEndpoint ?? '', null);
    const send = (number: number, text: string): Promise<void> => {
      const frame = Buffer.alloc(8);
      frame.writeBigUInt64BE(BigInt(number));
      return socket.send(['', frame, text]);
    };
    await vi.waitFor(async () => {
      await send(0, 'a');
      expect(made.counts().repeated).toBeGreaterThan(0);
    });
    await send(1, 'b');
    await send(1, 'b');
    await send(2, 'c');
    await vi.waitFor(() => expect(told).toEqual(['a', 'b', 'c']));
    await send(1, 'other');
    await vi.waitFor(() => expect(told).toContain('restarted'));
  });

  it('counts frames that are no message', async () => {
    const socket = new Publisher();
    await socket.bind(ANY);
    closers.push(() => socket.close());
    const { made } = source(socket.lastEndpoint ?? '', null);
    await vi.waitFor(async () => {
      await socket.send(['kv', 'short', 'payload']);
      expect(made.counts().malformed).toBeGreaterThan(0);
    });
    expect(made.counts().messages).toBe(0);
  });
});
