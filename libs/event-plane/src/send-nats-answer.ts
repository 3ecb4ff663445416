import type { Clock } from '@kvasir/service';
import type { Msg, NatsConnection } from 'nats';
import { encodeFrame, KIND } from './nats-answer-frames.js';
import { AnswerGrants } from './nats-answer-grants.js';

/** Sends one answer to one asker, as fast as it grants. Never throws. */
export async function sendNatsAnswer(
  connection: NatsConnection,
  request: Msg,
  parts: {
    readonly answer: (request: Uint8Array) => AsyncIterable<Uint8Array>;
    readonly clock: Clock;
  },
): Promise<void> {
  const control = new AnswerGrants(connection, parts.clock);
  const chunks = parts.answer(request.data)[Symbol.asyncIterator]();
  let number = 0;
  const send = (kind: number, body: Uint8Array): void => {
    request.respond(encodeFrame(kind, number, body), { reply: control.subject });
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
