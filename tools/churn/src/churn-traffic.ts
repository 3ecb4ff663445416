import { Pool } from 'undici';

/** Tokens of each prompt; no two prompts begin alike. */
const PROMPT_TOKENS = 600;
const OUTPUT_TOKENS = 24;
/** Every so manieth client leaves in the middle of its answer. */
const LEAVES_EVERY = 5;

export interface ChurnCounts {
  asked: number;
  answered: number;
  left: number;
  /** Anything else: a worker was just killed. */
  failed: number;
}

/** Clients that ask one question after the other, each with a prompt that was never seen, until as many are asked as were wanted. */
export class ChurnTraffic {
  readonly counts: ChurnCounts = { asked: 0, answered: 0, left: 0, failed: 0 };
  readonly #pools: readonly Pool[];
  readonly #model: string;
  readonly #requests: number;

  constructor(urls: readonly string[], options: { readonly model: string; readonly requests: number }) {
    this.#pools = urls.map((url) => new Pool(url));
    this.#model = options.model;
    this.#requests = options.requests;
  }

  async run(clients: number): Promise<void> {
    await Promise.all(Array.from({ length: clients }, () => this.#client()));
    await Promise.all(this.#pools.map((pool) => pool.destroy()));
  }

  async #client(): Promise<void> {
    while (this.counts.asked < this.#requests) {
      const number = this.counts.asked;
      this.counts.asked += 1;
      await this.#ask(number);
    }
  }

  async #ask(number: number): Promise<void> {
    const pool = this.#pools[number % this.#pools.length];
    if (pool === undefined) throw new RangeError('Cannot ask: there is no frontend');
    const leaves = number % LEAVES_EVERY === 0;
    const left = new AbortController();
    try {
      const { statusCode, body } = await pool.request({
        path: '/v1/completions',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model: this.#model,
          prompt: promptOf(number),
          max_tokens: OUTPUT_TOKENS,
          min_tokens: OUTPUT_TOKENS,
          ignore_eos: true,
          stream: true,
        }),
        signal: left.signal,
      });
      let end = '';
      for await (const bytes of body as AsyncIterable<Buffer>) {
        if (leaves) left.abort();
        end = bytes.toString('latin1').slice(-20);
      }
      if (statusCode === 200 && end.includes('[DONE]')) this.counts.answered += 1;
      else this.counts.failed += 1;
    } catch {
      if (left.signal.aborted) this.counts.left += 1;
      else this.counts.failed += 1;
    }
  }
}

function promptOf(number: number): readonly number[] {
  return [
    20 + (number % 1_000),
    20 + (Math.floor(number / 1_000) % 1_000),
    ...Array.from({ length: PROMPT_TOKENS - 2 }, (_, index) => 20 + ((index * 7 + number) % 1_000)),
  ];
}
