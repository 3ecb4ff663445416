import type { Clock } from '@kvasir/service';

/** How often is looked; nothing of what is waited for tells by itself. */
const POLL_MS = 10;

/** Waits until something is so. @returns false when it was not in time or the wait was aborted. */
export async function readyWithin(
  isReady: () => boolean | Promise<boolean>,
  options: { readonly clock: Clock; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const { clock, timeoutMs, signal } = options;
  const endMs = clock.nowMs() + timeoutMs;
  while (!(await isReady())) {
    if (signal.aborted || clock.nowMs() >= endMs) return false;
    await new Promise<void>((resolve) => clock.after(POLL_MS, resolve));
  }
  return true;
}
