import { createInbox } from 'nats';
import type { Msg, NatsConnection } from 'nats';
import { EventPlaneError } from './errors.js';
import { GRANT, GRANTED_CHUNKS, HEADER_BYTES, KIND, LEAVE, WINDOW_CHUNKS } from './nats-answer-frames.js';

/** Status that the server answers with when nobody listens. */
const NO_RESPONDERS = 503;

/** Messages that wait to be read: what is granted, the end, and as many again. */
const RECEIVED_MAX = 2 * (WINDOW_CHUNKS + 1);

/** What an asker receives, one message after the other. */
export class NatsAnswerReader {
  readonly #connection: NatsConnection;
  readonly #subject: string;
  readonly #received: Msg[] = [];
  readonly #unsubscribe: () => void;
  #arrived: (() => void) | null = null;
  #number = 0;
  #sinceGrant = 0;
  #control: string | null = null;

  /** Sends the request. */
  constructor(connection: NatsConnection, subject: string, request: Uint8Array) {
    this.#connection = connection;
    this.#subject = subject;
    const inbox = createInbox();
    const subscription = connection.subscribe(inbox, {
      callback: (_error, message) => {
        // More than was granted comes from nobody who answers by the rules; the answer is then torn.
        if (this.#received.length < RECEIVED_MAX) this.#received.push(message);
        this.#arrived?.();
      },
    });
    this.#unsubscribe = () => subscription.unsubscribe();
    connection.publish(subject, request, { reply: inbox });
  }

  /** The next chunk, or null at the end. @throws EventPlaneError `EVENT_PLANE_NO_SERVER`, `EVENT_PLANE_SERVER_FAILED`. */
  async next(): Promise<Uint8Array | null> {
    while (this.#received.length === 0) await new Promise<void>((resolve) => (this.#arrived = resolve));
    const message = this.#received.shift();
    if (message === undefined) return null;
    if (message.headers?.code === NO_RESPONDERS)
      throw new EventPlaneError('EVENT_PLANE_NO_SERVER', `Cannot ask ${this.#subject}: nobody serves it`);
    return this.#read(message);
  }

  /** Tells the server to stop when it has not ended by itself. */
  close(isEnded: boolean): void {
    this.#unsubscribe();
    if (!isEnded && this.#control !== null && !this.#connection.isClosed())
      this.#connection.publish(this.#control, LEAVE);
  }

  #read({ data, reply }: Msg): Uint8Array | null {
    const kind = data[0];
    const number =
      data.byteLength < HEADER_BYTES ? -1 : Buffer.from(data.buffer, data.byteOffset).readUInt32LE(1);
    this.#control = reply ?? null;
    if (number !== this.#number) throw this.#failed(`message ${this.#number} of its answer was lost`);
    this.#number += 1;
    if (kind === KIND.end) return null;
    const body = data.subarray(HEADER_BYTES);
    if (kind !== KIND.chunk) throw this.#failed(`its server failed: ${new TextDecoder().decode(body)}`);
    this.#sinceGrant += 1;
    if (this.#sinceGrant === GRANTED_CHUNKS && this.#control !== null) {
      this.#sinceGrant = 0;
      this.#connection.publish(this.#control, GRANT);
    }
    return body;
  }

  #failed(what: string): EventPlaneError {
    return new EventPlaneError('EVENT_PLANE_SERVER_FAILED', `Cannot ask ${this.#subject}: ${what}`);
  }
}
