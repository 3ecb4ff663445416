import type { CancelTimer, Clock } from '@kvasir/service';
import { DeliverPolicy } from 'nats';
import type { ConsumerMessages, Consumers, JsMsg } from 'nats';
import type { LogMessage, LogState } from './event-log.js';

/** How often is looked whether the log has gone on and its messages do not come. */
const LOOK_MS = 1_000;
/** Messages that the server may send ahead. */
const AHEAD_MESSAGES_MAX = 1_000;
/** A consumer that nobody reads is dropped by the server after this. */
const IDLE_NS = 30_000_000_000;

export interface NatsLogReaderOptions {
  readonly streams: Consumers;
  readonly name: string;
  readonly state: () => Promise<LogState>;
  readonly clock: Clock;
  readonly deliver: (message: LogMessage) => void;
}

/**
 * Reads a stream in order from a place on. The consumer on the server does not outlive a restart of it, so its place is kept here: when the stream has gone on
 * and nothing has come from one look to the next, another consumer begins where the last message was.
 */
export class NatsLogReader {
  readonly #options: NatsLogReaderOptions;
  readonly #cancelLooking: CancelTimer;
  #sequence: number;
  #sequenceAtLook = -1;
  #logId: string | null = null;
  #messages: ConsumerMessages | null = null;
  /** Of the consumer in use; messages of an earlier one are not taken. */
  #generation = 0;
  #isOpening = false;
  #isClosed = false;

  constructor(afterSequence: number, options: NatsLogReaderOptions) {
    this.#sequence = afterSequence;
    this.#options = options;
    this.#cancelLooking = options.clock.every(LOOK_MS, () => void this.#look());
    void this.#open();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelLooking();
    this.#drop();
  }

  async #open(): Promise<void> {
    if (this.#isOpening || this.#isClosed) return;
    this.#isOpening = true;
    this.#drop();
    const generation = this.#generation;
    const { streams, name } = this.#options;
    try {
      const consumer = await streams.get(name, {
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: this.#sequence + 1,
        inactive_threshold: IDLE_NS,
      });
      const messages = await consumer.consume({
        callback: (message) => this.#take(message, generation),
        max_messages: AHEAD_MESSAGES_MAX,
      });
      this.#messages = messages;
      // Closed meanwhile.
      if (generation !== this.#generation) this.#drop();
    } catch {
      // The server is away or does not answer: the next look tries again.
    } finally {
      this.#isOpening = false;
    }
  }

  #take(message: JsMsg, generation: number): void {
    if (this.#isClosed || generation !== this.#generation || message.seq <= this.#sequence) return;
    this.#sequence = message.seq;
    this.#options.deliver({ subject: message.subject, payload: message.data, sequence: message.seq });
  }

  async #look(): Promise<void> {
    const state = await this.#options.state().catch(() => null);
    if (state === null || this.#isClosed) return;
    const isAnew = this.#logId !== null && state.logId !== this.#logId;
    this.#logId = state.logId;
    if (isAnew || state.lastSequence < this.#sequence) this.#sequence = 0;
    const isBehind = state.messageCount > 0 && state.lastSequence > this.#sequence;
    const isStuck = isBehind && this.#sequence === this.#sequenceAtLook;
    this.#sequenceAtLook = this.#sequence;
    if (isAnew || isStuck || this.#messages === null) await this.#open();
  }

  #drop(): void {
    this.#generation += 1;
    const messages = this.#messages;
    this.#messages = null;
    // Closing tells the server, which may be away: nobody waits for it.
    void messages?.close().catch(() => undefined);
  }
}
