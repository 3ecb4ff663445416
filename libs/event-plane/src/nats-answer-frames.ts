/**
 * How a streamed answer travels: every message to the asker's inbox is one byte for what it is, four for its number (from 0, little-endian), then the
 * chunk or the reason. Its reply subject is where the asker grants further chunks (one byte per grant) or says that it has left.
 */
export const KIND = { chunk: 0, end: 1, failed: 2 } as const;
export const HEADER_BYTES = 5;
export const GRANT = Uint8Array.of(1);
export const LEAVE = Uint8Array.of(0);

/** Chunks that may be on their way; the asker grants half of them anew at a time, so that a large answer never overruns it. */
export const WINDOW_CHUNKS = 16;
export const GRANTED_CHUNKS = WINDOW_CHUNKS / 2;
export function encodeFrame(kind: number, number: number, body: Uint8Array): Uint8Array {
  const message = new Uint8Array(HEADER_BYTES + body.byteLength);
  message[0] = kind;
  new DataView(message.buffer).setUint32(1, number, true);
  message.set(body, HEADER_BYTES);
  return message;
}
