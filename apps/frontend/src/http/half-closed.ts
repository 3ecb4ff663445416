import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '@kvasir/service';

/** How soon after a client has closed its sending side it is asked for the second time whether it still reads. */
const FIRST_PROBE_MS = 50;
/** How often after that. */
const PROBE_PERIOD_MS = 1_000;

/**
 * Tells a client that has only closed its sending side (and still reads) from one that has left: both look the same until something is sent. While
 * there is no answer yet the informational status 102, which clients skip, is sent: who has left refuses it, and the connection breaks. HTTP/1.0 knows
 * no such status; there, and once the answer has begun, the end of the sending side is the client's leaving.
 */
export function probeHalfClosed(request: IncomingMessage, response: ServerResponse, clock: Clock): void {
  const { socket } = request;
  let cancel = (): void => undefined;
  const stop = (): void => {
    cancel();
    socket.off('end', begin);
  };
  const probe = (): void => {
    if (response.headersSent || response.destroyed) stop();
    else response.writeProcessing();
  };
  const begin = (): void => {
    // Who reads a stream and closes then does not do it to read on.
    if (response.headersSent || isHttp10(request)) {
      socket.destroy();
      return;
    }
    probe();
    cancel = clock.after(FIRST_PROBE_MS, () => {
      probe();
      cancel = clock.every(PROBE_PERIOD_MS, probe);
    });
  };
  socket.once('end', begin);
  response.once('close', stop);
}

function isHttp10({ httpVersionMajor, httpVersionMinor }: IncomingMessage): boolean {
  return httpVersionMajor === 1 && httpVersionMinor === 0;
}
