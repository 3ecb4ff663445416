import { SEAL_BYTES, subjectKind, tagOfSealed, withoutSeal } from '@kvasir/contract';
import type { SealFault, MessageSeal } from '@kvasir/contract';
import { EventPlaneError } from './errors.js';
import type { EventLog, LogMessage } from './event-log.js';
import type { EventPlane, PlaneHealth, PlaneMessage, Serving, Subscription } from './event-plane.js';

/** A plane that can keep what was published. */
export interface LoggedEventPlane extends EventPlane {
  /** Opens a log of what is published on a pattern. @throws EventPlaneError `EVENT_PLANE_NO_LOG` when the server keeps none. */
  openLog(name: string, pattern: string): Promise<EventLog>;
}

/** Why a message was dropped; `stale`: its seal is right, and too old or from the future. */
export type MessageFault = SealFault | 'stale';

export interface SealedEventPlaneOptions {
  /** Null: nothing is sealed, and what others have sealed is read without looking at their seals. */
  readonly seal: MessageSeal | null;
  /** While a secret is being introduced: what carries no seal is believed too. A wrong one never is. */
  readonly believesUnsealed: boolean;
  /** Milliseconds since 1970. */
  readonly epochMs: () => number;
  /** A message was dropped. */
  readonly onRefused: (subject: string, fault: MessageFault) => void;
}

/**
 * How old a message may be, or how far from the future: the clocks of a fleet differ by less. Not asked of KV events, which are kept in logs for long and
 * whose numbers make old ones harmless.
 */
const SEAL_AGE_MS_MAX = 60_000;

/** Seals what is sent over a plane and opens what comes, before anything of it is read. What is not believed never arrives. */
export class SealedEventPlane implements LoggedEventPlane {
  readonly #plane: LoggedEventPlane;
  readonly #options: SealedEventPlaneOptions;

  /** @param plane owned by this one from now on. */
  constructor(plane: LoggedEventPlane, options: SealedEventPlaneOptions) {
    this.#plane = plane;
    this.#options = options;
  }

  get payloadBytesMax(): number {
    return this.#plane.payloadBytesMax - SEAL_BYTES;
  }

  publish(subject: string, payload: Uint8Array): void {
    this.#plane.publish(subject, this.#seal(`publish ${subject}`, payload));
  }

  subscribe(pattern: string, deliver: (message: PlaneMessage) => void): Subscription {
    return this.#plane.subscribe(pattern, (message) => {
      const payload = this.#open(message.subject, `publish ${message.subject}`, message.payload);
      if (payload !== null) deliver({ subject: message.subject, payload });
    });
  }

  /** A request that is not believed is answered with nothing but an error. */
  serve(subject: string, answer: (request: Uint8Array) => AsyncIterable<Uint8Array>): Serving {
    return this.#plane.serve(subject, (sealed) => this.#answer(subject, sealed, answer));
  }

  request(
    subject: string,
    request: Uint8Array,
    timeoutMs: number,
    signal?: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    return this.#ask(subject, request, (sealed) => this.#plane.request(subject, sealed, timeoutMs, signal));
  }

  health(): PlaneHealth {
    return this.#plane.health();
  }

  flush(): Promise<void> {
    return this.#plane.flush();
  }

  close(): Promise<void> {
    return this.#plane.close();
  }

  async openLog(name: string, pattern: string): Promise<EventLog> {
    const log = await this.#plane.openLog(name, pattern);
    const opened = (message: LogMessage): LogMessage | null => {
      const payload = this.#open(message.subject, `publish ${message.subject}`, message.payload);
      return payload === null ? null : { ...message, payload };
    };
    return {
      follow: (afterSequence, deliver) =>
        log.follow(afterSequence, (message) => {
          const believed = opened(message);
          if (believed !== null) deliver(believed);
        }),
      state: () => log.state(),
      trim: (upToSequence) => log.trim(upToSequence),
    };
  }

  #answer(
    subject: string,
    sealed: Uint8Array,
    answer: (request: Uint8Array) => AsyncIterable<Uint8Array>,
  ): AsyncIterable<Uint8Array> {
    const request = this.#open(subject, `ask ${subject}`, sealed);
    if (request === null) return refusedRequest(subject);
    // Who asks without a seal could not open one.
    if (request.byteLength === sealed.byteLength) return answer(request);
    const asked = questionOf(sealed);
    return changed(answer(request), (chunk, number) =>
      this.#seal(`answer ${subject} ${asked} ${number}`, chunk),
    );
  }

  #ask(
    subject: string,
    request: Uint8Array,
    ask: (sealed: Uint8Array) => AsyncIterable<Uint8Array>,
  ): AsyncIterable<Uint8Array> {
    const sealed = this.#seal(`ask ${subject}`, request);
    // Ties an answer to its question and its place in it: another question's answer is none.
    const asked = questionOf(sealed);
    return changed(ask(sealed), (chunk, number) => {
      const opened = this.#open(subject, `answer ${subject} ${asked} ${number}`, chunk);
      if (opened !== null) return opened;
      throw new EventPlaneError(
        'EVENT_PLANE_SERVER_FAILED',
        `Cannot ask ${subject}: its answer carries no seal that is believed`,
      );
    });
  }

  #seal(context: string, payload: Uint8Array): Uint8Array {
    const { seal, epochMs } = this.#options;
    return seal === null ? payload : seal.seal(context, payload, epochMs());
  }

  /** The payload, or null when it is not believed. */
  #open(subject: string, context: string, bytes: Uint8Array): Uint8Array | null {
    const { seal, believesUnsealed, epochMs, onRefused } = this.#options;
    if (seal === null) return withoutSeal(bytes);
    const reading = seal.open(context, bytes);
    if (reading.kind === 'opened') {
      const isFresh = Math.abs(epochMs() - reading.sealedAtMs) <= SEAL_AGE_MS_MAX;
      if (isFresh || subjectKind(subject) === 'kv') return reading.payload;
    }
    const fault = reading.kind === 'opened' ? 'stale' : reading.fault;
    onRefused(subject, fault);
    return fault === 'missing' && believesUnsealed ? bytes : null;
  }
}

/** A name of one question: the tag of its seal. */
const questionOf = (sealed: Uint8Array): string => Buffer.from(tagOfSealed(sealed)).toString('hex');

/** Chunks that are changed one by one. Who leaves early leaves at once, also while the next one is awaited. */
function changed(
  chunks: AsyncIterable<Uint8Array>,
  change: (chunk: Uint8Array, number: number) => Uint8Array,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => {
      const inner = chunks[Symbol.asyncIterator]();
      const leave = async (): Promise<IteratorResult<Uint8Array>> => {
        await inner.return?.();
        return { done: true, value: undefined };
      };
      let number = 0;
      return {
        next: async () => {
          const step = await inner.next();
          if (step.done === true) return step;
          try {
            return { done: false, value: change(step.value, number++) };
          } catch (error) {
            await leave();
            throw error;
          }
        },
        return: leave,
      };
    },
  };
}

// eslint-disable-next-line @typescript-eslint/require-await -- an answer that fails at its first chunk
async function* refusedRequest(subject: string): AsyncGenerator<Uint8Array, void, undefined> {
  throw new EventPlaneError(
    'EVENT_PLANE_SERVER_FAILED',
    `Cannot answer on ${subject}: the request carries no seal that is believed`,
  );
}
