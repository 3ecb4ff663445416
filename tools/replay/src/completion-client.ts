import { readEngineError, SseScanner } from '@kvasir/openai';
import { Pool } from 'undici';
import type { Outcome } from './outcome.js';
import { TokenGaps } from './token-gaps.js';

/** More of an error's body is not read. */
const ERROR_BYTES_MAX = 65_536;

export interface CompletionOrder {
  readonly tokens: readonly number[];
  readonly outputTokens: number;
  /** When it should have been sent, by `nowMs`. */
  readonly dueMs: number;
}

/** Sends completions as streams and measures what comes back. */
export class CompletionClient {
  readonly #pools: readonly Pool[];
  readonly #model: string;
  readonly #nowMs: () => number;
  #turn = 0;

  constructor(options: {
    /** Frontends that take turns. */
    readonly urls: readonly string[];
    readonly model: string;
    readonly connections: number;
    readonly timeoutMs: number;
    readonly nowMs: () => number;
  }) {
    const { urls, connections, timeoutMs } = options;
    this.#pools = urls.map(
      (url) => new Pool(url, { connections, headersTimeout: timeoutMs, bodyTimeout: timeoutMs }),
    );
    this.#model = options.model;
    this.#nowMs = options.nowMs;
  }

  /** Never throws: what goes wrong is the outcome. */
  async complete(order: CompletionOrder, signal: AbortSignal): Promise<Outcome> {
    try {
      return await this.#send(order, signal);
    } catch (error) {
      if (signal.aborted) return { kind: 'failed', reason: 'given up' };
      const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      return { kind: 'failed', reason: code };
    }
  }

  async close(): Promise<void> {
    for (const pool of this.#pools) await pool.destroy();
  }

  #nextPool(): Pool {
    this.#turn += 1;
    const pool = this.#pools[this.#turn % this.#pools.length];
    if (pool === undefined) throw new RangeError('Cannot send a request: no frontend was given');
    return pool;
  }

  async #send({ tokens, outputTokens, dueMs }: CompletionOrder, signal: AbortSignal): Promise<Outcome> {
    const response = await this.#nextPool().request({
      path: '/v1/completions',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      // Every mode must generate the same, so no answer ends by itself.
      body: JSON.stringify({
        model: this.#model,
        prompt: tokens,
        max_tokens: outputTokens,
        min_tokens: outputTokens,
        ignore_eos: true,
        stream: true,
        stream_options: { include_usage: true },
      }),
      signal,
    });
    if (response.statusCode !== 200) {
      const error = readEngineError(response.statusCode, await readStart(response.body));
      return { kind: 'failed', reason: `status ${error.status} (${error.code ?? error.type})` };
    }
    const scanner = new SseScanner({ cachedTokens: null });
    const gaps = new TokenGaps();
    let firstTokenMs: number | null = null;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      scanner.push(chunk);
      const nowMs = this.#nowMs();
      if (scanner.tokenEvents > 0) firstTokenMs ??= nowMs - dueMs;
      gaps.saw(scanner.tokenEvents, nowMs);
    }
    const { usage, error } = scanner;
    if (error !== null) return { kind: 'failed', reason: `error in the stream: ${error.code ?? error.type}` };
    if (!scanner.isDone || usage === null || firstTokenMs === null)
      return { kind: 'failed', reason: 'the stream ended early' };
    const header = (name: string): string => String(response.headers[name] ?? '');
    return {
      kind: 'answered',
      firstTokenMs,
      endMs: this.#nowMs() - dueMs,
      gapsMs: gaps.gapsMs,
      promptTokens: usage.promptTokens,
      outputTokens: usage.completionTokens,
      tokenEvents: scanner.tokenEvents,
      cachedTokens: usage.cachedTokens ?? 0,
      overlapBlocks: Number(header('x-kvasir-overlap-blocks')),
      prefillWorkerId: header('x-kvasir-prefill-worker'),
      decodeWorkerId: header('x-kvasir-decode-worker'),
    };
  }
}

/** At least the first `ERROR_BYTES_MAX` bytes of a body, or all of a shorter one; the connection is given up when there is more. */
async function readStart(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= ERROR_BYTES_MAX) break;
  }
  return Buffer.concat(chunks);
}
