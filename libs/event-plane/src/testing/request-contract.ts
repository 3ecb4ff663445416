import { describe, expect, it, vi } from 'vitest';
import { bytes, expectCode, read, text } from './plane-probe.js';
import type { PlanesUnderTest } from './harness.js';

/** Serves and resolves once the plane knows. */
async function serve(
  { publisher }: PlanesUnderTest,
  subject: string,
  answer: (request: Uint8Array) => AsyncIterable<Uint8Array>,
): Promise<() => void> {
  const serving = publisher.serve(subject, answer);
  await publisher.flush();
  return () => serving.unsubscribe();
}

/** Tests of `serve` and `request`. */
export function requestContract(get: () => PlanesUnderTest): void {
  describe('request()', () => {
    answers(get);
    absences(get);
    failures(get);
  });
}

function answers(get: () => PlanesUnderTest): void {
  it('gets every chunk of the answer in order', async () => {
    await serve(get(), 'echo', async function* (request) {
      for (let part = 0; part < 50; part += 1) {
        await Promise.resolve();
        yield bytes(`${text(request)} ${part}`);
      }
    });
    const chunks = await read(get().subscriber.request('echo', bytes('part'), 1_000));
    expect(chunks).toEqual(Array.from({ length: 50 }, (_, part) => `part ${part}`));
  });

  it('gets an answer without chunks, and one with an empty and a large chunk', async () => {
    await serve(get(), 'none', async function* () {
      await Promise.resolve();
      yield* [];
    });
    await serve(get(), 'large', async function* () {
      await Promise.resolve();
      yield new Uint8Array(0);
      yield new Uint8Array(262_144);
    });
    expect(await read(get().subscriber.request('none', bytes(''), 1_000))).toEqual([]);
    const sizes: number[] = [];
    for await (const chunk of get().subscriber.request('large', bytes(''), 1_000))
      sizes.push(chunk.byteLength);
    expect(sizes).toEqual([0, 262_144]);
  });

  it('keeps requests at the same time apart', async () => {
    await serve(get(), 'count', async function* (request) {
      for (let part = 0; part < 5; part += 1) {
        await Promise.resolve();
        yield request;
      }
    });
    const names = ['one', 'two', 'three'];
    const answers = await Promise.all(
      names.map((name) => read(get().subscriber.request('count', bytes(name), 1_000))),
    );
    expect(answers).toEqual(names.map((name) => Array.from({ length: 5 }, () => name)));
  });

  it('asks nothing before the first chunk is awaited', async () => {
    let calls = 0;
    await serve(get(), 'lazy', async function* () {
      calls += 1;
      await Promise.resolve();
      yield bytes('x');
    });
    const chunks = get().subscriber.request('lazy', bytes(''), 1_000);
    await get().subscriber.flush();
    expect(calls).toBe(0);
    await read(chunks);
    expect(calls).toBe(1);
  });
}

function absences(get: () => PlanesUnderTest): void {
  it('fails when nobody serves the subject, or nobody does any more', async () => {
    await expectCode(read(get().subscriber.request('nobody', bytes(''), 1_000)), 'EVENT_PLANE_NO_SERVER');
    const stop = await serve(get(), 'gone', async function* () {
      await Promise.resolve();
      yield bytes('x');
    });
    expect(await read(get().subscriber.request('gone', bytes(''), 1_000))).toEqual(['x']);
    stop();
    stop();
    await get().publisher.flush();
    await expectCode(read(get().subscriber.request('gone', bytes(''), 1_000)), 'EVENT_PLANE_NO_SERVER');
  });

  it('tells the server to stop when the asker leaves', async () => {
    let hasStopped = false;
    await serve(get(), 'endless', async function* () {
      try {
        for (;;) {
          await Promise.resolve();
          yield bytes('x');
        }
      } finally {
        hasStopped = true;
      }
    });
    for await (const chunk of get().subscriber.request('endless', bytes(''), 1_000)) {
      expect(text(chunk)).toBe('x');
      break;
    }
    await vi.waitFor(() => expect(hasStopped).toBe(true));
  });
}

function failures(get: () => PlanesUnderTest): void {
  it('fails when the next chunk takes too long, and tells the server to stop', async () => {
    let hasStopped = false;
    await serve(get(), 'slow', () => ({
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
      for await (const chunk of get().subscriber.request('slow', bytes(''), 100)) received.push(text(chunk));
    })();
    const failing = expectCode(reading, 'EVENT_PLANE_TIMEOUT');
    await vi.waitFor(() => expect(received).toEqual(['first']));
    await get().harness.advance(150);
    await failing;
    await vi.waitFor(() => expect(hasStopped).toBe(true));
  });

  it('fails when the server throws, after the chunks before', async () => {
    await serve(get(), 'broken', async function* () {
      await Promise.resolve();
      yield bytes('first');
      throw new Error('a bug');
    });
    const received: string[] = [];
    const reading = (async () => {
      for await (const chunk of get().subscriber.request('broken', bytes(''), 1_000))
        received.push(text(chunk));
    })();
    await expectCode(reading, 'EVENT_PLANE_SERVER_FAILED');
    expect(received).toEqual(['first']);
  });

  it('fails when the asker does not want the answer any more, also while it waits', async () => {
    let calls = 0;
    await serve(get(), 'silent', () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => {
          calls += 1;
          return new Promise<IteratorResult<Uint8Array>>(() => undefined);
        },
      }),
    }));
    const leaving = new AbortController();
    const asking = get().subscriber.request('silent', bytes(''), 60_000, leaving.signal);
    const failing = expectCode(read(asking), 'EVENT_PLANE_CANCELLED');
    await vi.waitFor(() => expect(calls).toBe(1));
    leaving.abort();
    await failing;
    await expectCode(
      read(get().subscriber.request('silent', bytes(''), 60_000, leaving.signal)),
      'EVENT_PLANE_CANCELLED',
    );
  });
}
