/** One message of an engine's event socket, whatever its release puts before the number. */
export interface EngineMessage {
  readonly number: number;
  readonly payload: Buffer;
}

const NUMBER_BYTES = 8;
const END = Buffer.alloc(NUMBER_BYTES, 0xff);

/**
 * Reads frames from their end: the last is the payload, the one before it the number (8 bytes, big-endian). What stands before is the topic or
 * nothing, depending on socket and release.
 * @returns null for anything else.
 */
export function readFrames(frames: readonly Buffer[]): EngineMessage | 'end' | null {
  const payload = frames.at(-1);
  const number = frames.at(-2);
  if (payload?.byteLength === 0 && number?.equals(END) === true) return 'end';
  if (payload === undefined || number?.byteLength !== NUMBER_BYTES) return null;
  const value = Number(number.readBigUInt64BE());
  return Number.isSafeInteger(value) ? { number: value, payload } : null;
}

export function numberFrame(number: number): Buffer {
  const frame = Buffer.alloc(NUMBER_BYTES);
  frame.writeBigUInt64BE(BigInt(number));
  return frame;
}

export const endFrames: readonly Buffer[] = [END, Buffer.alloc(0)];
