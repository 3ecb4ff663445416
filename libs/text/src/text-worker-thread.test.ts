import { afterEach, describe, expect, it } from 'vitest';
import { TextWorkerThread } from './text-worker-thread.js';

const crashingWorker = new URL('../test/crashing-worker.mjs', import.meta.url);
const setup = { tokenizerPath: '', templateVariables: null, cacheTokensMax: 1, stretchUnitsMax: 1 };
const text = (value: string) => ({ kind: 'text', text: value, addSpecialTokens: false }) as const;
const opened: TextWorkerThread[] = [];

async function open(entry: URL = crashingWorker): Promise<TextWorkerThread> {
  const thread = new TextWorkerThread(setup, entry);
  opened.push(thread);
  await thread.start();
  return thread;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((thread) => thread.stop()));
});

describe('TextWorkerThread', () => {
  it('fails what a crashed worker held and starts another for the next request', async () => {
    const thread = await open();
    const held = [thread.encode(text('crash')), thread.encode(text('behind it'))];
    await Promise.all(
      held.map((request) => expect(request).rejects.toMatchObject({ code: 'TEXT_WORKER_FAILED' })),
    );
    expect(thread.counts()).toMatchObject({ hitTokens: 0, restarts: 0 });
    expect(await thread.encode(text('next'))).toMatchObject({ tokens: Uint32Array.of(7) });
    expect(thread.counts()).toMatchObject({ hitTokens: 1, restarts: 1 });
    expect(thread.pendingCount).toBe(0);
  });

  it('fails a request that cannot be sent to a thread, and no other', async () => {
    const thread = await open();
    const unsendable = (() => 0) as unknown as string;
    await expect(thread.encode(text(unsendable))).rejects.toThrow(/could not be cloned/);
    expect(await thread.encode(text('next'))).toMatchObject({ tokens: Uint32Array.of(7) });
    expect(thread.counts().restarts).toBe(0);
  });

  it('fails a request at once that nobody waits for any more, and goes on with the others', async () => {
    const thread = await open();
    const left = new AbortController();
    const held = [thread.encode(text('mute'), { signal: left.signal }), thread.encode(text('next'))];
    left.abort();
    await expect(held[0]).rejects.toMatchObject({ code: 'TEXT_ABORTED' });
    await expect(thread.encode(text('late'), { signal: left.signal })).rejects.toMatchObject({
      code: 'TEXT_ABORTED',
    });
    expect(await held[1]).toMatchObject({ tokens: Uint32Array.of(7) });
    expect(thread.pendingCount).toBe(0);
  });

  it('starts nothing for requests after it stopped', async () => {
    const thread = await open();
    await thread.stop();
    await expect(thread.encode(text('late'))).rejects.toMatchObject({ code: 'TEXT_CLOSED' });
    expect(thread.counts().restarts).toBe(0);
  });

  it('reports a worker that cannot start', async () => {
    await expect(open(new URL('./nowhere.mjs', import.meta.url))).rejects.toMatchObject({
      code: 'TEXT_WORKER_FAILED',
    });
  });
});
