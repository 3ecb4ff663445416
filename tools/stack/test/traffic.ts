import type { DistributedStack } from '../src/distributed-stack.js';

/** Clients at a time. */
export const CLIENTS = 8;

export interface Counts {
  answered: number;
  broken: number;
  failed: string[];
}

/** Clients that ask for one answer after the other, from each frontend in turn, until told to stop. */
export class Traffic {
  readonly #urls: readonly string[];
  readonly #model: string;
  readonly counts: Counts = { answered: 0, broken: 0, failed: [] };
  readonly #clients: Promise<void>[] = [];
  #isOver = false;
  #turn = 0;

  constructor(stack: DistributedStack) {
    const { frontendUrls, model } = stack.summary();
    this.#urls = frontendUrls;
    this.#model = model;
    for (let client = 0; client < CLIENTS; client += 1) this.#clients.push(this.#ask(client));
  }

  async stop(): Promise<Counts> {
    this.#isOver = true;
    await Promise.all(this.#clients);
    return this.counts;
  }

  async #ask(client: number): Promise<void> {
    const conversation = Array.from({ length: 200 }, (_, index) => 20 + ((index * (client + 3)) % 1_000));
    while (!this.#isOver) {
      this.#turn += 1;
      const url = this.#urls[this.#turn % this.#urls.length] ?? '';
      try {
        const response = await fetch(`${url}/v1/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ model: this.#model, prompt: conversation, max_tokens: 20, stream: true }),
        });
        const text = await response.text();
        if (response.status !== 200) this.counts.failed.push(`${response.status} ${text.slice(0, 200)}`);
        else if (text.endsWith('data: [DONE]\n\n') && !text.includes('"error"')) this.counts.answered += 1;
        else this.counts.broken += 1;
      } catch {
        this.counts.broken += 1;
      }
      for (let token = 0; token < 40; token += 1)
        conversation.push(20 + ((conversation.length * 7 + client) % 1_000));
      if (conversation.length > 3_000) conversation.length = 200;
    }
  }
}
