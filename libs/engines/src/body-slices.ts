import { setImmediate } from 'node:timers/promises';

/** Longest body that is written in one go, and the slices of longer ones, in bytes: copying them into a socket takes some 0.1 ms. */
export const WRITE_BYTES_MAX = 131_072;

/**
 * What is written of a body. A long one goes a slice in each turn of the event loop: to a peer that reads fast the system would else take many MB in
 * one call, some 40 ms of everybody's time.
 */
export function bodySlices(body: Buffer): Buffer | AsyncIterable<Buffer> {
  return body.length <= WRITE_BYTES_MAX ? body : slices(body);
}

async function* slices(body: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < body.length; at += WRITE_BYTES_MAX) {
    if (at > 0) await setImmediate();
    yield body.subarray(at, at + WRITE_BYTES_MAX);
  }
}
