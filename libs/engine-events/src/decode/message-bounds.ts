/** Longest message that is read, bytes: some hundred long prompts told at once. */
export const MESSAGE_BYTES_MAX = 33_554_432;
/** Values of one message; each costs a reader memory, however short it is written. */
export const MESSAGE_VALUES_MAX = 8_388_608;
/** Arrays and maps of one message, which cost more. */
export const MESSAGE_CONTAINERS_MAX = 1_048_576;
/** Arrays and maps within one another; engines need six. */
export const MESSAGE_DEPTH_MAX = 32;

/** Why nothing of a message is read. */
export type MessageFault =
  /** It is no batch, or not MessagePack from its first byte to its last. */
  | 'badBatch'
  /** It holds more than a message may. */
  | 'overLimits';

export interface MessageLimits {
  readonly bytesMax: number;
  readonly valuesMax: number;
  readonly containersMax: number;
  readonly depthMax: number;
}

const LIMITS: MessageLimits = {
  bytesMax: MESSAGE_BYTES_MAX,
  valuesMax: MESSAGE_VALUES_MAX,
  containersMax: MESSAGE_CONTAINERS_MAX,
  depthMax: MESSAGE_DEPTH_MAX,
};

/**
 * Walks over a MessagePack message and keeps nothing of it. A reader sets memory aside for what lengths claim before it sees whether it is there, so a few
 * bytes could ask for gigabytes; of a message that passes every value is there.
 * @returns null when it may be read.
 */
export function messageFault(bytes: Uint8Array, limits: MessageLimits = LIMITS): MessageFault | null {
  if (bytes.length > limits.bytesMax) return 'overLimits';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  /** Values that are still to come in each array and map that is open. */
  const open: number[] = [];
  let left = 1;
  let containers = 0;
  let at = 0;
  for (let values = 1; ; values += 1) {
    if (values > limits.valuesMax) return 'overLimits';
    if (at >= bytes.length) return 'badBatch';
    left -= 1;
    const head = bytes[at] ?? 0;
    const fixed = FIXED_BYTES[head] ?? 0;
    if (fixed > 0) at += fixed;
    else {
      const width = LENGTH_BYTES[head] ?? 0;
      if (at + 1 + width > bytes.length || head === NEVER_USED) return 'badBatch';
      const length = width === 0 ? head & 0x0f : readLength(view, at + 1, width);
      at += 1 + width;
      if (!isContainer(head)) at += length + (isExtension(head) ? 1 : 0);
      else {
        containers += 1;
        if (containers > limits.containersMax || open.length >= limits.depthMax) return 'overLimits';
        open.push(left);
        left = isMap(head) ? 2 * length : length;
        // A value takes a byte at least.
        if (left > bytes.length - at) return 'badBatch';
      }
    }
    while (left === 0 && open.length > 0) left = open.pop() ?? 0;
    if (left === 0) return at === bytes.length ? null : 'badBatch';
  }
}

const NEVER_USED = 0xc1;

/** Bytes of a value with its first byte, where that byte alone says it; 0 where a length follows, and for arrays and maps. */
const FIXED_BYTES = Uint8Array.from({ length: 256 }, (_, head) => {
  if (head <= 0x7f || head >= 0xe0 || head === 0xc0 || head === 0xc2 || head === 0xc3) return 1;
  if (head >= 0xa0 && head <= 0xbf) return 1 + (head & 0x1f);
  // Floats; unsigned and signed numbers of 1, 2, 4 and 8 bytes; extensions of 1, 2, 4, 8 and 16 bytes with their type.
  if (head >= 0xca && head <= 0xcb) return 1 + (4 << (head - 0xca));
  if (head >= 0xcc && head <= 0xd3) return 1 + (1 << ((head - 0xcc) & 3));
  return head >= 0xd4 && head <= 0xd8 ? 2 + (1 << (head - 0xd4)) : 0;
});

/** Bytes of the length that follows the first byte: of bytes, extensions, texts, arrays and maps. */
const LENGTH_BYTES = Uint8Array.from({ length: 256 }, (_, head) => {
  if (head >= 0xc4 && head <= 0xc6) return 1 << (head - 0xc4);
  if (head >= 0xc7 && head <= 0xc9) return 1 << (head - 0xc7);
  if (head >= 0xd9 && head <= 0xdb) return 1 << (head - 0xd9);
  return head >= 0xdc && head <= 0xdf ? 2 << (head & 1) : 0;
});

const isMap = (head: number): boolean => (head & 0xf0) === 0x80 || head >= 0xde;
const isContainer = (head: number): boolean => head <= 0x9f || head >= 0xdc;
const isExtension = (head: number): boolean => head >= 0xc7 && head <= 0xc9;

function readLength(view: DataView, at: number, width: number): number {
  if (width === 1) return view.getUint8(at);
  return width === 2 ? view.getUint16(at) : view.getUint32(at);
}
