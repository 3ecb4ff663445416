import { expect } from 'vitest';
import { EventPlaneError, type EventPlaneErrorCode } from '../errors.js';
import type { EventPlane } from '../event-plane.js';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (payload: Uint8Array): string => new TextDecoder().decode(payload);

/** Collects what a pattern delivers; resolves once the plane knows of the subscription. */
export async function collect(
  plane: EventPlane,
  pattern: string,
): Promise<{ received: string[]; stop: () => void }> {
  const received: string[] = [];
  const subscription = plane.subscribe(pattern, ({ subject, payload }) =>
    received.push(`${subject} ${text(payload)}`),
  );
  await plane.flush();
  return { received, stop: () => subscription.unsubscribe() };
}

export async function read(chunks: AsyncIterable<Uint8Array>): Promise<string[]> {
  const texts: string[] = [];
  for await (const chunk of chunks) texts.push(text(chunk));
  return texts;
}

export async function expectCode(attempt: Promise<unknown>, code: EventPlaneErrorCode): Promise<void> {
  const error: unknown = await attempt.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EventPlaneError);
  expect(error).toMatchObject({ code });
}
