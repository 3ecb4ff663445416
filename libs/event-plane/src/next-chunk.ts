import type { Clock } from '@kvasir/service';
import { EventPlaneError } from './errors.js';

/** A request that waits for its next chunk. */
export interface Waiting {
  readonly subject: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Waits for one chunk, no longer than the request's timeout and only while its asker wants it.
 * @param awaiting where the rejection is kept meanwhile, for who closes the plane.
 * @throws EventPlaneError `EVENT_PLANE_TIMEOUT`, `EVENT_PLANE_CANCELLED`, or what `next` rejects with.
 */
export function nextChunk<Chunk>(
  { subject, timeoutMs, signal }: Waiting,
  next: () => Promise<Chunk>,
  parts: { readonly clock: Clock; readonly awaiting: Set<(error: EventPlaneError) => void> },
): Promise<Chunk> {
  const { clock, awaiting } = parts;
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      settle();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const timeOut = (): void =>
      fail(
        new EventPlaneError('EVENT_PLANE_TIMEOUT', `Cannot ask ${subject}: no chunk within ${timeoutMs} ms`),
      );
    const cancel = (): void =>
      fail(new EventPlaneError('EVENT_PLANE_CANCELLED', `Cannot ask ${subject}: the asker has left`));
    const cancelTimeout = clock.after(timeoutMs, timeOut);
    const settle = (): void => {
      cancelTimeout();
      signal?.removeEventListener('abort', cancel);
      awaiting.delete(fail);
    };
    awaiting.add(fail);
    if (signal?.aborted === true) {
      cancel();
      return;
    }
    signal?.addEventListener('abort', cancel);
    next().then((chunk) => {
      settle();
      resolve(chunk);
    }, fail);
  });
}
