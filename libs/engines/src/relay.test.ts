import { describe, expect, it } from 'vitest';
import { BodyCollector } from './body-collector.js';
import { Relay } from './relay.js';

/** A sink that takes a number of writes before it is full, and a flow that notes what it is told. */
function surroundings(writesUntilFull = Infinity) {
  const written: string[] = [];
  const flow: string[] = [];
  let room = writesUntilFull;
  let drained = (): void => undefined;
  return {
    written,
    flowed: flow,
    sink: {
      write: (bytes: Buffer) => {
        written.push(bytes.toString());
        room -= 1;
        return room > 0;
      },
      onDrain: (callback: () => void) => {
        drained = callback;
      },
    },
    flow: { pause: () => void flow.push('pause'), resume: () => void flow.push('resume') },
    drain: (more: number) => {
      room = more;
      drained();
    },
  };
}

const nextTick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

describe('Relay', () => {
  it('writes what came in one read in one piece', async () => {
    const world = surroundings();
    const relay = new Relay(world.sink, world.flow);
    for (const text of ['a', 'b', 'c']) relay.data(Buffer.from(text));
    expect(world.written).toEqual([]);
    await nextTick();
    relay.data(Buffer.from('d'));
    await nextTick();
    expect(world.written).toEqual(['abc', 'd']);
  });

  it('writes nothing when nothing came', async () => {
    const world = surroundings();
    const relay = new Relay(world.sink, world.flow);
    relay.data(Buffer.alloc(0));
    await nextTick();
    expect(world.written).toEqual([]);
  });

  it('holds the engine back while the sink is full, and lets it go once it drains', async () => {
    const world = surroundings(2);
    const relay = new Relay(world.sink, world.flow);
    for (const text of ['a', 'b', 'c']) {
      relay.data(Buffer.from(text));
      await nextTick();
    }
    expect(world.flowed).toEqual(['pause']);
    world.drain(5);
    world.drain(5);
    relay.data(Buffer.from('d'));
    await nextTick();
    expect(world.flowed).toEqual(['pause', 'resume']);
    expect(world.written).toEqual(['a', 'b', 'c', 'd']);
  });

  it('writes at once when it is flushed, and not again', async () => {
    const world = surroundings();
    const relay = new Relay(world.sink, world.flow);
    relay.data(Buffer.from('a'));
    relay.flush();
    await nextTick();
    expect(world.written).toEqual(['a']);
  });
});

describe('BodyCollector', () => {
  it('keeps an answer of one piece without copying it', () => {
    const body = new BodyCollector(10);
    const bytes = Buffer.from('abc');
    body.data(bytes);
    expect(body.bytes()).toBe(bytes);
    body.data(Buffer.from('def'));
    expect(body.bytes().toString()).toBe('abcdef');
  });

  it('lets go of an answer that is too large', () => {
    const body = new BodyCollector(4);
    for (let index = 0; index < 5; index += 1) body.data(Buffer.from('ab'));
    expect(body.isTooLarge).toBe(true);
    expect(body.bytes()).toHaveLength(0);
  });
});
