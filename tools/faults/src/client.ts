import { Pool } from 'undici';
import type { Received } from './answer.js';
import { Transcript } from './transcript.js';

/** One question. Every engine answers it alike. */
export interface Question {
  /** The same for the same prompt. */
  readonly key: string;
  readonly prompt: readonly number[];
  readonly outputTokens: number;
  readonly isStreamed: boolean;
}

/** Where a request is while it runs. */
export interface UnderWay {
  /** Every process that is known to have to do with it. */
  readonly processes: Set<string>;
}

/** Sends questions and keeps what comes back, however it ends. */
export class Client {
  readonly #pool: Pool;
  readonly #model: string;
  readonly #nowMs: () => number;

  constructor(
    url: string,
    options: { readonly model: string; readonly timeoutMs: number; readonly nowMs: () => number },
  ) {
    const { model, timeoutMs, nowMs } = options;
    this.#pool = new Pool(url, { headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
    this.#model = model;
    this.#nowMs = nowMs;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  /** Never rejects. @param underWay is filled as the answer's head tells. */
  async ask(question: Question, underWay: UnderWay): Promise<Received> {
    const transcript = new Transcript(this.#nowMs);
    try {
      const { statusCode, headers, body } = await this.#pool.request({
        path: '/v1/completions',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(this.#body(question)),
      });
      transcript.head(statusCode);
      for (const name of ['x-kvasir-decode-worker', 'x-kvasir-prefill-worker'])
        if (typeof headers[name] === 'string') underWay.processes.add(headers[name]);
      for await (const bytes of body as AsyncIterable<Buffer>) transcript.data(bytes);
      return transcript.ended(question.isStreamed);
    } catch (error) {
      return transcript.failed(error instanceof Error ? error.message : String(error), question.isStreamed);
    }
  }

  #body({ prompt, outputTokens, isStreamed }: Question): object {
    return {
      model: this.#model,
      prompt,
      max_tokens: outputTokens,
      min_tokens: outputTokens,
      ignore_eos: true,
      temperature: 0,
      stream: isStreamed,
    };
  }
}
