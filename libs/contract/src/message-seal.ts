/**
 * What authenticates a message of a plane or a value of the store: a trailer that only who has the secret can write.
 *
 * | bytes | sealed message |
 * |---|---|
 * | … | the payload, as it would be without a seal |
 * | 8 | when it was sealed: ms since 1970, f64, little-endian |
 * | 16 | HMAC-SHA256, cut to 128 bits, over the context, a zero byte, the payload and the time |
 * | 4 | `K`, `V`, `T`, version 1 |
 *
 * It comes last, so that words of the payload stay on the boundaries on which they lie, and its length is a multiple of 4.
 * The context is where the message belongs (a subject, a key): moved elsewhere it is wrong.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

const TAG_BYTES = 16;
const TIME_BYTES = 8;
const MARK = Uint8Array.of(0x4b, 0x56, 0x54, 0x01);
/** What a seal adds to a payload. */
export const SEAL_BYTES = TIME_BYTES + TAG_BYTES + MARK.length;
/** Separates these tags from whatever else the same secret may be used for. */
const DOMAIN = 'kvasir-seal-1 ';

/** Why a message is not believed: it carries no seal, or one that nobody with an accepted key made for it. */
export type SealFault = 'missing' | 'wrong';

export type SealReading =
  /** `payload` and `tag` are views of what was opened; the tag is another one for every other message. */
  | {
      readonly kind: 'opened';
      readonly payload: Uint8Array;
      readonly tag: Uint8Array;
      readonly sealedAtMs: number;
    }
  | { readonly kind: 'refused'; readonly fault: SealFault };

/** Seals and opens with the keys of one secret. Keys may change while it is in use. */
export class MessageSeal {
  readonly #keys: () => readonly [KeyObject, ...KeyObject[]];

  /** @param keys the first one seals, all of them open. */
  constructor(keys: () => readonly [KeyObject, ...KeyObject[]]) {
    this.#keys = keys;
  }

  /** The payload with its seal, in new memory. */
  seal(context: string, payload: Uint8Array, epochMs: number): Uint8Array {
    const { byteLength } = payload;
    const bytes = Buffer.allocUnsafe(byteLength + SEAL_BYTES);
    bytes.set(payload, 0);
    bytes.writeDoubleLE(epochMs, byteLength);
    const signed = bytes.subarray(0, byteLength + TIME_BYTES);
    bytes.set(tagOf(this.#keys()[0], context, signed), byteLength + TIME_BYTES);
    bytes.set(MARK, byteLength + TIME_BYTES + TAG_BYTES);
    return bytes;
  }

  open(context: string, bytes: Uint8Array): SealReading {
    if (!isSealed(bytes)) return { kind: 'refused', fault: 'missing' };
    const payloadEnd = bytes.byteLength - SEAL_BYTES;
    const signed = bytes.subarray(0, payloadEnd + TIME_BYTES);
    const tag = bytes.subarray(payloadEnd + TIME_BYTES, payloadEnd + TIME_BYTES + TAG_BYTES);
    if (!this.#keys().some((key) => timingSafeEqual(tagOf(key, context, signed), tag)))
      return { kind: 'refused', fault: 'wrong' };
    const sealedAtMs = new DataView(signed.buffer, signed.byteOffset + payloadEnd).getFloat64(0, true);
    return { kind: 'opened', payload: bytes.subarray(0, payloadEnd), tag, sealedAtMs };
  }

  /** A tag for text that is kept beside it, in hexadecimal. */
  tagText(context: string, text: string): string {
    return tagOf(this.#keys()[0], context, text).toString('hex');
  }

  /** Whether a tag is one of `tagText` for this text, by any of the keys. */
  isTagOf(context: string, text: string, tag: string): boolean {
    const given = Buffer.from(tag, 'hex');
    return (
      given.length === TAG_BYTES &&
      this.#keys().some((key) => timingSafeEqual(tagOf(key, context, text), given))
    );
  }
}

/** The tag of bytes that `seal` made. */
export function tagOfSealed(sealed: Uint8Array): Uint8Array {
  const start = sealed.byteLength - MARK.length - TAG_BYTES;
  return sealed.subarray(start, start + TAG_BYTES);
}

/** What is below a seal, whoever made it; the bytes themselves when they carry none. For who has no secret and reads what others seal. */
export function withoutSeal(bytes: Uint8Array): Uint8Array {
  return isSealed(bytes) ? bytes.subarray(0, bytes.byteLength - SEAL_BYTES) : bytes;
}

function isSealed(bytes: Uint8Array): boolean {
  const start = bytes.byteLength - MARK.length;
  return bytes.byteLength >= SEAL_BYTES && MARK.every((byte, index) => bytes[start + index] === byte);
}

function tagOf(key: KeyObject, context: string, signed: Uint8Array | string): Buffer {
  return createHmac('sha256', key)
    .update(`${DOMAIN}${context}\0`)
    .update(signed)
    .digest()
    .subarray(0, TAG_BYTES);
}
