/** The 256 printable symbols that stand for bytes in the vocabularies of byte-level BPE (the mapping of GPT-2): index = byte. */
export const byteSymbols: readonly string[] = buildByteSymbols();

const bytesBySymbol: ReadonlyMap<string, number> = new Map(
  byteSymbols.map((symbol, byte) => [symbol, byte] as const),
);

/** The bytes that a vocabulary entry stands for; null when one of its characters stands for none. */
export function bytesOfSymbols(symbols: string): Uint8Array | null {
  const bytes = Array.from(symbols, (symbol) => bytesBySymbol.get(symbol) ?? null);
  return bytes.includes(null) ? null : Uint8Array.from(bytes, (byte) => byte ?? 0);
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
