import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventPlaneError, type EventPlaneErrorCode } from './errors.js';
import type { EventPlane, PlaneTrouble } from './event-plane.js';

/** One implementation, set up for one test. */
export interface EventPlaneHarness {
  /** A plane connected to the others of this harness; planes in one process may be one object. Trouble is reported as the plane's option says. */
  connect(onTrouble?: (trouble: PlaneTrouble) => void): Promise<EventPlane>;
  /** Lets that much of the planes' time pass. */
  advance(durationMs: number): Promise<void>;
  close(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (payload: Uint8Array): string => new TextDecoder().decode(payload);

/** Runs the tests that every `EventPlane` must pass. Call it at the top of a test file. */
export function eventPlaneContract(suiteName: string, makeHarness: () => Promise<EventPlaneHarness>): void {
  describe(suiteName, () => {
    let harness: EventPlaneHarness;
    let publisher: EventPlane;
    let subscriber: EventPlane;
    const troubles: PlaneTrouble[] = [];

    beforeEach(async () => {
      troubles.length = 0;
      harness = await makeHarness();
      subscriber = await harness.connect((trouble) => troubles.push(trouble));
      publisher = await harness.connect();
    });
    afterEach(() => harness.close());

    publishing(() => ({ publisher, subscriber, troubles }));
    requests(() => ({ server: publisher, asker: subscriber, harness }));
    closing(() => ({ plane: publisher, other: subscriber, harness }));
  });
}

/** Collects what a pattern delivers; resolves once the plane knows of the subscription. */
async function collect(
  plane: EventPlane,
  pattern: string,
): Promise<{ received: string[]; stop: () => void }> {
  const received: string[] = [];
  const subscription = plane.subscribe(pattern, ({ subject, payload }) =>
    received.push(`${subject} ${text(payload)}`),
  );
  await plane.flush();
  return { received, stop: () => subscription.unsubscribe() };
}

async function read(chunks: AsyncIterable<Uint8Array>): Promise<string[]> {
  const texts: string[] = [];
  for await (const chunk of chunks) texts.push(text(chunk));
  return texts;
}

async function expectCode(attempt: Promise<unknown>, code: EventPlaneErrorCode): Promise<void> {
  const error: unknown = await attempt.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EventPlaneError);
  expect(error).toMatchObject({ code });
}

function publishing(
  get: () => { publisher: EventPlane; subscriber: EventPlane; troubles: readonly PlaneTrouble[] },
): void {
  describe('publish()', () => {
    it('delivers to every subscription, in the order of publishing', async () => {
      const { publisher, subscriber } = get();
      const first = await collect(subscriber, 'a.b');
      const second = await collect(subscriber, 'a.b');
      const sent = Array.from({ length: 200 }, (_, index) => `message ${index}`);
      for (const message of sent) publisher.publish('a.b', bytes(message));
      const expected = sent.map((message) => `a.b ${message}`);
      await vi.waitFor(() => expect(second.received).toHaveLength(200));
      expect(first.received).toEqual(expected);
      expect(second.received).toEqual(expected);
    });

    it('keeps the order across subjects of one subscription', async () => {
      const { publisher, subscriber } = get();
      const { received } = await collect(subscriber, 'a.>');
      for (const subject of ['a.x', 'a.y', 'a.x.z', 'a.y']) publisher.publish(subject, bytes(subject));
      await vi.waitFor(() => expect(received).toHaveLength(4));
      expect(received).toEqual(['a.x a.x', 'a.y a.y', 'a.x.z a.x.z', 'a.y a.y']);
    });

    it('fits patterns as it says: * is one token, a final > one or more', async () => {
      const { publisher, subscriber } = get();
      const patterns = ['a.b.c', 'a.*.c', 'a.>', '*.*.*', 'a.b', 'b.>'];
      const collections = await Promise.all(patterns.map((pattern) => collect(subscriber, pattern)));
      const marker = await collect(subscriber, 'end');
      for (const subject of ['a.b.c', 'a', 'a.x.c', 'a.b', 'a.b.c.d']) publisher.publish(subject, bytes('!'));
      publisher.publish('end', bytes('!'));
      await vi.waitFor(() => expect(marker.received).toHaveLength(1));
      expect(collections.map(({ received }) => received.map((line) => line.slice(0, -2)))).toEqual([
        ['a.b.c'],
        ['a.b.c', 'a.x.c'],
        ['a.b.c', 'a.x.c', 'a.b', 'a.b.c.d'],
        ['a.b.c', 'a.x.c'],
        ['a.b'],
        [],
      ]);
    });

    it('delivers an empty payload and one of 256 KiB', async () => {
      const { publisher, subscriber } = get();
      const sizes: number[] = [];
      subscriber.subscribe('a', ({ payload }) => sizes.push(payload.byteLength));
      await subscriber.flush();
      publisher.publish('a', new Uint8Array(0));
      publisher.publish('a', new Uint8Array(262_144));
      await vi.waitFor(() => expect(sizes).toEqual([0, 262_144]));
    });

    it('never calls back inside publish() or inside another callback', async () => {
      const { subscriber } = get();
      const trace: string[] = [];
      subscriber.subscribe('a', ({ payload }) => {
        trace.push(`begin ${text(payload)}`);
        if (text(payload) === 'outer') subscriber.publish('a', bytes('inner'));
        trace.push(`end ${text(payload)}`);
      });
      await subscriber.flush();
      subscriber.publish('a', bytes('outer'));
      expect(trace).toEqual([]);
      await vi.waitFor(() => expect(trace).toHaveLength(4));
      expect(trace).toEqual(['begin outer', 'end outer', 'begin inner', 'end inner']);
    });

    it('goes on when a subscriber throws, and reports it', async () => {
      const { publisher, subscriber, troubles } = get();
      let calls = 0;
      subscriber.subscribe('a', () => {
        calls += 1;
        throw new Error('a bug');
      });
      const { received } = await collect(subscriber, 'a');
      for (const message of ['one', 'two']) publisher.publish('a', bytes(message));
      await vi.waitFor(() => expect(received).toEqual(['a one', 'a two']));
      await vi.waitFor(() => expect(calls).toBe(2));
      expect(troubles.map(({ kind, pattern }) => `${kind} ${pattern}`)).toEqual([
        'subscriberFailed a',
        'subscriberFailed a',
      ]);
    });

    it('delivers nothing to a subscription that has ended, whatever was on its way', async () => {
      const { publisher, subscriber } = get();
      const ended = await collect(subscriber, 'a');
      const going = await collect(subscriber, 'a');
      publisher.publish('a', bytes('one'));
      ended.stop();
      ended.stop();
      publisher.publish('a', bytes('two'));
      await vi.waitFor(() => expect(going.received).toHaveLength(2));
      expect(ended.received).toEqual([]);
    });

    it('counts nothing as dropped or pending when all was delivered', async () => {
      const { publisher, subscriber } = get();
      let calls = 0;
      const subscription = subscriber.subscribe('a', () => (calls += 1));
      await subscriber.flush();
      publisher.publish('a', bytes('one'));
      await vi.waitFor(() => expect(calls).toBe(1));
      expect(subscription).toMatchObject({ pendingMessages: 0, droppedMessages: 0 });
    });

    it.each(['', 'a.', 'a..b', 'a.*', '>', 'a b'])('throws on the subject %j', (subject) => {
      expect(() => get().publisher.publish(subject, bytes('x'))).toThrow(TypeError);
    });

    it.each(['', 'a.', 'a.>.b', 'a*'])('subscribe() throws on the pattern %j', (pattern) => {
      expect(() => get().subscriber.subscribe(pattern, () => undefined)).toThrow(TypeError);
    });
  });
}

function requests(get: () => { server: EventPlane; asker: EventPlane; harness: EventPlaneHarness }): void {
  /** Serves and resolves once the plane knows. */
  async function serve(
    subject: string,
    answer: (request: Uint8Array) => AsyncIterable<Uint8Array>,
  ): Promise<() => void> {
    const { server } = get();
    const serving = server.serve(subject, answer);
    await server.flush();
    return () => serving.unsubscribe();
  }

  describe('request()', () => {
    it('gets every chunk of the answer in order', async () => {
      await serve('echo', async function* (request) {
        for (let part = 0; part < 50; part += 1) {
          await Promise.resolve();
          yield bytes(`${text(request)} ${part}`);
        }
      });
      const chunks = await read(get().asker.request('echo', bytes('part'), 1_000));
      expect(chunks).toEqual(Array.from({ length: 50 }, (_, part) => `part ${part}`));
    });

    it('gets an answer without chunks, and one with an empty and a large chunk', async () => {
      await serve('none', async function* () {
        await Promise.resolve();
        yield* [];
      });
      await serve('large', async function* () {
        await Promise.resolve();
        yield new Uint8Array(0);
        yield new Uint8Array(262_144);
      });
      expect(await read(get().asker.request('none', bytes(''), 1_000))).toEqual([]);
      const sizes: number[] = [];
      for await (const chunk of get().asker.request('large', bytes(''), 1_000)) sizes.push(chunk.byteLength);
      expect(sizes).toEqual([0, 262_144]);
    });

    it('keeps requests at the same time apart', async () => {
      await serve('count', async function* (request) {
        for (let part = 0; part < 5; part += 1) {
          await Promise.resolve();
          yield request;
        }
      });
      const names = ['one', 'two', 'three'];
      const answers = await Promise.all(
        names.map((name) => read(get().asker.request('count', bytes(name), 1_000))),
      );
      expect(answers).toEqual(names.map((name) => Array.from({ length: 5 }, () => name)));
    });

    it('asks nothing before the first chunk is awaited', async () => {
      let calls = 0;
      await serve('lazy', async function* () {
        calls += 1;
        await Promise.resolve();
        yield bytes('x');
      });
      const chunks = get().asker.request('lazy', bytes(''), 1_000);
      await get().asker.flush();
      expect(calls).toBe(0);
      await read(chunks);
      expect(calls).toBe(1);
    });

    it('fails when nobody serves the subject, or nobody does any more', async () => {
      await expectCode(read(get().asker.request('nobody', bytes(''), 1_000)), 'EVENT_PLANE_NO_SERVER');
      const stop = await serve('gone', async function* () {
        await Promise.resolve();
        yield bytes('x');
      });
      expect(await read(get().asker.request('gone', bytes(''), 1_000))).toEqual(['x']);
      stop();
      stop();
      await get().server.flush();
      await expectCode(read(get().asker.request('gone', bytes(''), 1_000)), 'EVENT_PLANE_NO_SERVER');
    });

    it('fails when the next chunk takes too long, and tells the server to stop', async () => {
      let hasStopped = false;
      await serve('slow', () => ({
        [Symbol.asyncIterator]: () => {
          let chunks = 0;
          return {
            next: () => {
              chunks += 1;
              return chunks === 1
                ? Promise.resolve({ done: false, value: bytes('first') })
                : new Promise<IteratorResult<Uint8Array>>(() => undefined);
            },
            return: () => {
              hasStopped = true;
              return Promise.resolve({ done: true, value: undefined });
            },
          };
        },
      }));
      const received: string[] = [];
      const reading = (async () => {
        for await (const chunk of get().asker.request('slow', bytes(''), 100)) received.push(text(chunk));
      })();
      const failing = expectCode(reading, 'EVENT_PLANE_TIMEOUT');
      await vi.waitFor(() => expect(received).toEqual(['first']));
      await get().harness.advance(150);
      await failing;
      await vi.waitFor(() => expect(hasStopped).toBe(true));
    });

    it('fails when the server throws, after the chunks before', async () => {
      await serve('broken', async function* () {
        await Promise.resolve();
        yield bytes('first');
        throw new Error('a bug');
      });
      const received: string[] = [];
      const reading = (async () => {
        for await (const chunk of get().asker.request('broken', bytes(''), 1_000)) received.push(text(chunk));
      })();
      await expectCode(reading, 'EVENT_PLANE_SERVER_FAILED');
      expect(received).toEqual(['first']);
    });

    it('tells the server to stop when the asker leaves', async () => {
      let hasStopped = false;
      await serve('endless', async function* () {
        try {
          for (;;) {
            await Promise.resolve();
            yield bytes('x');
          }
        } finally {
          hasStopped = true;
        }
      });
      for await (const chunk of get().asker.request('endless', bytes(''), 1_000)) {
        expect(text(chunk)).toBe('x');
        break;
      }
      await vi.waitFor(() => expect(hasStopped).toBe(true));
    });
  });
}

function closing(get: () => { plane: EventPlane; other: EventPlane; harness: EventPlaneHarness }): void {
  describe('close()', () => {
    it('ends deliveries and makes every further use throw', async () => {
      const { plane } = get();
      const { received } = await collect(plane, 'a');
      expect(plane.health()).toEqual({ kind: 'connected' });
      await plane.close();
      await plane.close();
      expect(plane.health()).toMatchObject({ kind: 'disconnected' });
      const closed = expect.objectContaining({ code: 'EVENT_PLANE_CLOSED' }) as Error;
      expect(() => plane.publish('a', bytes('x'))).toThrow(closed);
      expect(() => plane.subscribe('a', () => undefined)).toThrow(closed);
      expect(() =>
        plane.serve('a', async function* () {
          await Promise.resolve();
          yield bytes('x');
        }),
      ).toThrow(closed);
      await expectCode(read(plane.request('a', bytes(''), 1_000)), 'EVENT_PLANE_CLOSED');
      await plane.flush();
      expect(received).toEqual([]);
    });

    it('fails requests that are waiting', async () => {
      const { plane } = get();
      let calls = 0;
      plane.serve('silent', () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => {
            calls += 1;
            return new Promise<IteratorResult<Uint8Array>>(() => undefined);
          },
        }),
      }));
      await plane.flush();
      const failing = expectCode(read(plane.request('silent', bytes(''), 60_000)), 'EVENT_PLANE_CLOSED');
      await vi.waitFor(() => expect(calls).toBe(1));
      await plane.close();
      await failing;
    });
  });
}
