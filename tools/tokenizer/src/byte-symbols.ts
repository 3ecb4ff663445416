/** The 256 printable symbols that stand for bytes in byte-level BPE (the mapping of GPT-2): index = byte. */
export const byteSymbols: readonly string[] = buildByteSymbols();

/** The UTF-8 bytes of a text, one symbol per byte. */
export function toByteSymbols(text: string): string[] {
  return Array.from(new TextEncoder().encode(text), (byte) => byteSymbols[byte] ?? '');
}

function buildByteSymbols(): string[] {
  let movedCount = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    if (isPrintable(byte)) return String.fromCodePoint(byte);
    // Bytes without a visible character move to U+0100 and up, in order.
    const symbol = String.fromCodePoint(256 + movedCount);
    movedCount += 1;
    return symbol;
  });
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}
