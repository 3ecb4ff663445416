import type { IncomingMessage } from 'node:http';

export type BodyReading =
  | { readonly kind: 'ok'; readonly bytes: Buffer }
  | { readonly kind: 'tooLarge' }
  /** The client left while it was sending. */
  | { readonly kind: 'left' };

/**
 * A body that is too large is read on and thrown away up to this many bytes, so that a client which sends before it reads gets its answer
 * instead of a broken connection.
 */
export const DISCARDED_BYTES_MAX = 64 * 1024 * 1024;

/** Reads a whole body; keeps at most `bytesMax`. */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<BodyReading> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let length = 0;
    request.on('data', (part: Buffer) => {
      length += part.length;
      if (length <= bytesMax) {
        parts.push(part);
        return;
      }
      parts.length = 0;
      if (length <= DISCARDED_BYTES_MAX) return;
      request.pause();
      resolve({ kind: 'tooLarge' });
    });
    request.on('end', () => {
      if (length > bytesMax) resolve({ kind: 'tooLarge' });
      else resolve({ kind: 'ok', bytes: joined(parts) });
    });
    const left = (): void => resolve({ kind: 'left' });
    request.on('error', left);
    // After the end it changes nothing: a promise settles once.
    request.on('close', left);
  });
}

function joined(parts: readonly Buffer[]): Buffer {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}
