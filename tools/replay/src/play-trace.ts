import type { CompletionClient } from './completion-client.js';
import type { Outcome } from './outcome.js';
import { promptTokens } from './prompt-tokens.js';
import type { TraceRequest } from './trace.js';

export interface PlayOptions {
  readonly client: Pick<CompletionClient, 'complete'>;
  /** Trace time runs this many times faster. */
  readonly speedup: number;
  /** Requests in flight; more wait, and count as late. */
  readonly concurrencyMax: number;
  readonly vocabularySize: number;
  readonly contextTokensMax: number;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  readonly progressed: (progress: PlayProgress) => void;
}

export interface PlayProgress {
  readonly ended: number;
  readonly failed: number;
  readonly inFlight: number;
}

export interface Played {
  readonly outcomes: readonly Outcome[];
  /** Real ms from the first request to the last end. */
  readonly durationMs: number;
  /** Requests that were sent late because as many were in flight as may be. */
  readonly delayedRequests: number;
  /** Prompts that were longer than the context. */
  readonly cutPrompts: number;
}

/** Sends every request when it is due, whatever the others do (an open loop), and waits for all answers. */
export async function playTrace(requests: readonly TraceRequest[], options: PlayOptions): Promise<Played> {
  const { nowMs, speedup, concurrencyMax, signal } = options;
  const startMs = nowMs();
  const outcomes: Outcome[] = [];
  const counts = { failed: 0, delayed: 0, cut: 0 };
  const inFlight = new Set<Promise<void>>();
  let heldUntilMs = -Infinity;
  const progressed = (): void =>
    options.progressed({ ended: outcomes.length, failed: counts.failed, inFlight: inFlight.size });
  for (const request of requests) {
    const dueMs = startMs + request.arrivalMs / speedup;
    await waitUntil(dueMs, nowMs, signal);
    if (inFlight.size >= concurrencyMax) {
      await Promise.race(inFlight);
      heldUntilMs = nowMs();
    }
    if (signal.aborted) break;
    // Also one that finds room but fell due while an earlier one was held.
    if (dueMs < heldUntilMs) counts.delayed += 1;
    if (isCut(request, options)) counts.cut += 1;
    const running = send(request, dueMs, options).then((outcome) => {
      outcomes.push(outcome);
      if (outcome.kind === 'failed') counts.failed += 1;
      inFlight.delete(running);
      progressed();
    });
    inFlight.add(running);
  }
  await Promise.all(inFlight);
  return {
    outcomes,
    durationMs: nowMs() - startMs,
    delayedRequests: counts.delayed,
    cutPrompts: counts.cut,
  };
}

async function send(request: TraceRequest, dueMs: number, options: PlayOptions): Promise<Outcome> {
  const { vocabularySize, client, signal } = options;
  const outputTokens = Math.min(request.outputTokens, options.contextTokensMax - 1);
  const tokens = promptTokens(request, { vocabularySize, tokensMax: promptMax(request, options) });
  return await client.complete({ tokens, outputTokens, dueMs }, signal);
}

function isCut(request: TraceRequest, options: PlayOptions): boolean {
  return request.inputTokens > promptMax(request, options);
}

/** Room must be left for the output. */
function promptMax({ outputTokens }: TraceRequest, { contextTokensMax }: PlayOptions): number {
  return Math.max(1, contextTokensMax - outputTokens);
}

async function waitUntil(dueMs: number, nowMs: () => number, signal: AbortSignal): Promise<void> {
  const leftMs = dueMs - nowMs();
  if (leftMs <= 0 || signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, leftMs);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
