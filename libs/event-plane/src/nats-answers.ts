import type { Clock } from '@kvasir/service';
import { createInbox } from 'nats';
import type { Msg, NatsConnection } from 'nats';
import { EventPlaneError } from './errors.js';

/**
 * How a streamed answer travels: every message to the asker's inbox is one byte for what it is, four for its number (from 0, little-endian), then the
 * chunk or the reason. Its reply subject is where the asker grants further chunks (one byte per grant) or says that it has left.
 */
const KIND = { chunk: 0, end: 1, failed: 2 } as const;
const HEADER_BYTES = 5;
const GRANT = Uint8Array.of(1);
const LEAVE = Uint8Array.of(0);

/** Chunks that may be on their way; the asker grants half of them anew at a time, so that a large answer never overruns it. */
const WINDOW_CHUNKS = 16;
const GRANTED_CHUNKS = WINDOW_CHUNKS / 2;
/** An asker that grants nothing for so long is gone. */
const GRANT_TIMEOUT_MS = 30_000;

function encode(kind: number, number: number, body: Uint8Array): Uint8Array {
  const message = new Uint8Array(HEADER_BYTES + body.byteLength);
  message[0] = kind;
  new DataView(message.buffer).setUint32(1, number, true);
  message.set(body, HEADER_BYTES);
  return message;
}

/** Sends one answer to one asker, as fast as it grants. Never throws. */
export async function sendAnswer(
  connection: NatsConnection,
  request: Msg,
  parts: {
    readonly answer: (request: Uint8Array) => AsyncIterable<Uint8Array>;
    readonly clock: Clock;
  },
): Promise<void> {
  const control = new GrantSubscription(connection, parts.clock);
  const chunks = parts.answer(request.data)[Symbol.asyncIterator]();
  let number = 0;
  const send = (kind: number, body: Uint8Array): void => {
    request.respond(encode(kind, number, body), { reply: control.subject });
    number += 1;
  };
  try {
    for (;;) {
      const chunk = await Promise.race([chunks.next(), control.left]);
      if (chunk === 'left') return;
      if (chunk.done === true) {
        send(KIND.end, new Uint8Array(0));
        return;
      }
      if ((await control.take()) === 'left') return;
      send(KIND.chunk, chunk.value);
    }
  } catch (error) {
    trySend(() => send(KIND.failed, new TextEncoder().encode(String(error))));
  } finally {
    control.close();
    // Not awaited: a server that hangs must not hold the subscription.
    chunks.return?.().catch(() => undefined);
  }
}

/** The connection may be closing. */
function trySend(send: () => void): void {
  try {
    send();
  } catch {
    // Then the asker notices by its timeout.
  }
}

/** Counts what the asker has granted. */
class GrantSubscription {
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

/** What an asker receives, one message after the other. */
export class AnswerReader {
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
        this.#received.push(message);
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

/** Status that the server answers with when nobody listens. */
const NO_RESPONDERS = 503;
