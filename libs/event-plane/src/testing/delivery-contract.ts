import { describe, expect, it, vi } from 'vitest';
import { bytes, collect, text } from './plane-probe.js';
import type { PlanesUnderTest } from './harness.js';

/** Tests of `publish` and `subscribe`. */
export function deliveryContract(get: () => PlanesUnderTest): void {
  describe('publish()', () => {
    inOrder(get);
    withoutInterference(get);
    refusals(get);
  });
}

function inOrder(get: () => PlanesUnderTest): void {
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
}

function withoutInterference(get: () => PlanesUnderTest): void {
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
}

function refusals(get: () => PlanesUnderTest): void {
  it.each(['', 'a.', 'a..b', 'a.*', '>', 'a b'])('throws on the subject %j', (subject) => {
    expect(() => get().publisher.publish(subject, bytes('x'))).toThrow(TypeError);
  });

  it.each(['', 'a.', 'a.>.b', 'a*'])('subscribe() throws on the pattern %j', (pattern) => {
    expect(() => get().subscriber.subscribe(pattern, () => undefined)).toThrow(TypeError);
  });
}
