import type { Clock } from '@kvasir/service';
import { createInbox } from 'nats';
import type { NatsConnection } from 'nats';
import { GRANTED_CHUNKS, LEAVE, WINDOW_CHUNKS } from './nats-answer-frames.js';

/** An asker that grants nothing for so long is gone. */
const GRANT_TIMEOUT_MS = 30_000;

/** Counts what the asker has granted. */
export class AnswerGrants {
  readonly subject = createInbox();
  /** Resolves when the asker has left or is taken for gone. */
  readonly left: Promise<'left'>;
  readonly #unsubscribe: () => void;
  readonly #clock: Clock;
  #granted = WINDOW_CHUNKS;
  #isGone = false;
  #go: (() => void) | null = null;
  #leave: () => void = () => undefined;

  constructor(connection: NatsConnection, clock: Clock) {
    this.#clock = clock;
    this.left = new Promise((resolve) => {
      this.#leave = () => {
        this.#isGone = true;
        resolve('left');
        this.#go?.();
      };
    });
    const subscription = connection.subscribe(this.subject, {
      callback: (_error, message) => {
        if (message.data[0] === LEAVE[0]) this.#leave();
        this.#granted += GRANTED_CHUNKS;
        this.#go?.();
      },
    });
    this.#unsubscribe = () => subscription.unsubscribe();
  }

  /** Waits until a chunk may be sent. */
  async take(): Promise<'granted' | 'left'> {
    while (this.#granted === 0 && !this.#isGone) {
      const cancel = this.#clock.after(GRANT_TIMEOUT_MS, () => this.#leave());
      await new Promise<void>((resolve) => (this.#go = resolve));
      cancel();
      this.#go = null;
    }
    if (this.#isGone) return 'left';
    this.#granted -= 1;
    return 'granted';
  }

  close(): void {
    this.#unsubscribe();
  }
}
