import { bytesOfSymbols } from './byte-symbols.js';
import type { LoadedTokenizer } from './load-tokenizer.js';

/** What one id of a byte-level vocabulary adds to a text. */
export type Piece =
  /** Special tokens and ids without an entry. */
  | { readonly kind: 'nothing' }
  /** Whole characters. */
  | { readonly kind: 'text'; readonly text: string; readonly bytes: Uint8Array }
  /** Parts of characters, or bytes that belong to none. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Text that stands apart: bytes before and after it never make one character. */
  | { readonly kind: 'added'; readonly text: string };

const NOTHING: Piece = { kind: 'nothing' };

/** Pieces by id, made when first asked for; null when the tokenizer does not decode byte by byte. */
export function byteLevelPieces(loaded: LoadedTokenizer): ((id: number) => Piece) | null {
  if (!loaded.isByteLevel) return null;
  const symbols: string[] = [];
  for (const [symbol, id] of loaded.tokenizer.get_vocab(true)) symbols[id] = symbol;
  const pieces: Piece[] = [];
  return (id) => {
    const known = pieces[id];
    if (known !== undefined) return known;
    const symbol = symbols[id];
    // Not kept: ids from outside must not make the table grow.
    if (symbol === undefined) return NOTHING;
    const piece = makePiece(symbol, loaded);
    pieces[id] = piece;
    return piece;
  };
}

function makePiece(symbol: string, { addedTokens }: LoadedTokenizer): Piece {
  const added = addedTokens.get(symbol);
  if (added !== undefined) return added.isSpecial ? NOTHING : { kind: 'added', text: symbol };
  const bytes = bytesOfSymbols(symbol);
  if (bytes === null) return NOTHING;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return { kind: 'text', text, bytes };
  } catch {
    return { kind: 'bytes', bytes };
  }
}
