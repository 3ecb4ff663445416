import { Client } from './client.js';
import type { UnderWay } from './client.js';
import { questionOf } from './conversations.js';
import type { RightAnswers } from './right-answers.js';
import { Tallies } from './tally.js';
import type { Tally } from './tally.js';

/** A refused client does not ask again at once. */
const REFUSED_PAUSE_MS = 100;

export interface TrafficOptions {
  readonly url: string;
  readonly model: string;
  readonly clients: number;
  readonly answers: RightAnswers;
  readonly timeoutMs: number;
  readonly nowMs: () => number;
}

/** Clients that hold conversations, one question after the other, until told to stop. */
export class Traffic {
  readonly #options: TrafficOptions;
  readonly #client: Client;
  readonly #tallies = new Tallies();
  readonly #underWay = new Set<UnderWay>();
  readonly #running: readonly Promise<void>[];
  #isOver = false;

  constructor(options: TrafficOptions) {
    this.#options = options;
    this.#client = new Client(options.url, options);
    this.#running = Array.from({ length: options.clients }, (_, number) => this.#converse(number));
  }

  get asked(): number {
    return this.#tallies.asked;
  }

  /** Requests that have to do with one of these processes, or of which nothing is known yet. */
  underWayAt(processes: readonly string[], isFrontend: boolean): number {
    return [...this.#underWay].filter(
      (request) =>
        isFrontend || request.processes.size === 0 || processes.some((name) => request.processes.has(name)),
    ).length;
  }

  async stop(): Promise<Tally> {
    this.#isOver = true;
    await Promise.all(this.#running);
    await this.#client.close();
    return this.#tallies.tally();
  }

  async #converse(number: number): Promise<void> {
    const { answers } = this.#options;
    for (let turn = 0; !this.#isOver; turn += 1) {
      const question = questionOf(number, turn);
      const underWay: UnderWay = { processes: new Set() };
      this.#underWay.add(underWay);
      const received = await this.#client.ask(question, underWay);
      this.#underWay.delete(underWay);
      this.#tallies.add(received, answers.get(question.key) ?? '');
      if (received.status !== 200) await pause(REFUSED_PAUSE_MS);
    }
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}
