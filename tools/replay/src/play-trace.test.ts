import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CompletionOrder } from './completion-client.js';
import type { Outcome } from './outcome.js';
import { playTrace } from './play-trace.js';
import type { PlayProgress } from './play-trace.js';
import type { TraceRequest } from './trace.js';

const SERVICE_MS = 100;

const arriving = (...arrivalsMs: readonly number[]): readonly TraceRequest[] =>
  arrivalsMs.map((arrivalMs) => ({ arrivalMs, inputTokens: 600, outputTokens: 10, blockIds: [0, 1] }));

describe('playTrace()', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Plays against a client that takes `SERVICE_MS` for every request. */
  function play(
    requests: readonly TraceRequest[],
    limits: { concurrencyMax?: number; contextTokensMax?: number } = {},
  ) {
    const startMs = performance.now();
    const sent: {
      readonly atMs: number;
      readonly dueMs: number;
      readonly tokens: number;
      readonly outputTokens: number;
    }[] = [];
    const progress: PlayProgress[] = [];
    const run = new AbortController();
    const complete = async (order: CompletionOrder, signal: AbortSignal): Promise<Outcome> => {
      const { tokens, outputTokens, dueMs } = order;
      sent.push({
        atMs: performance.now() - startMs,
        dueMs: dueMs - startMs,
        tokens: tokens.length,
        outputTokens,
      });
      await new Promise<void>((resolve) => {
        setTimeout(resolve, SERVICE_MS);
        signal.addEventListener('abort', () => resolve());
      });
      return { kind: 'failed', reason: signal.aborted ? 'given up' : 'of no interest' };
    };
    const played = playTrace(requests, {
      client: { complete },
      speedup: 2,
      concurrencyMax: limits.concurrencyMax ?? 10,
      vocabularySize: 1_000,
      contextTokensMax: limits.contextTokensMax ?? 1_000,
      nowMs: () => performance.now(),
      signal: run.signal,
      progressed: (now) => progress.push(now),
    });
    return { played, sent, progress, run };
  }

  it('sends every request when it is due, whatever the others do', async () => {
    const { played, sent, progress } = play(arriving(0, 0, 60, 1_000));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent.map(({ atMs }) => atMs)).toEqual([0, 0, 30, 500]);
    expect(await played).toMatchObject({ durationMs: 600, delayedRequests: 0, cutPrompts: 0 });
    expect(progress.at(-1)).toEqual({ ended: 4, failed: 4, inFlight: 0 });
  });

  it('sends late, and counts, what would be too many in flight', async () => {
    const { played, sent } = play(arriving(0, 0, 0, 20, 500), { concurrencyMax: 2 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await played).delayedRequests).toBe(2);
    // The times that are measured still begin when it was due.
    expect(sent.map(({ atMs, dueMs }) => [atMs, dueMs])).toEqual([
      [0, 0],
      [0, 0],
      [100, 0],
      [100, 10],
      [250, 250],
    ]);
  });

  it('cuts, and counts, prompts that leave no room for their output', async () => {
    const { played, sent } = play(arriving(0), { contextTokensMax: 500 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await played).cutPrompts).toBe(1);
    expect(sent).toMatchObject([{ tokens: 490, outputTokens: 10 }]);
  });

  it('sends nothing more once it is stopped', async () => {
    const { played, sent, run } = play(arriving(0, 0, 0, 5_000), { concurrencyMax: 2 });
    await vi.advanceTimersByTimeAsync(50);
    run.abort();
    const { outcomes } = await played;
    expect(outcomes).toEqual([
      { kind: 'failed', reason: 'given up' },
      { kind: 'failed', reason: 'given up' },
    ]);
    expect(sent).toHaveLength(2);
  });
});
