/** What this package reads of `tokenizer.json`; all of it comes from a file, so every member may be absent. */
export interface TokenizerJson {
  readonly normalizer?: unknown;
  readonly pre_tokenizer?: unknown;
  readonly decoder?: { readonly type?: string } | null;
  readonly model?: ModelJson;
  readonly added_tokens?: readonly AddedTokenJson[];
}

interface ModelJson {
  readonly type?: string;
  readonly end_of_word_suffix?: string | null;
  readonly continuing_subword_prefix?: string | null;
  readonly fuse_unk?: boolean;
  readonly byte_fallback?: boolean;
  readonly unk_token?: string | null;
  /** Ids by token; a list for models other than BPE. */
  readonly vocab?: Readonly<Record<string, number>> | readonly unknown[];
  readonly merges?: readonly (string | readonly string[])[];
}

interface AddedTokenJson {
  readonly id: number;
  readonly content: string;
  readonly special?: boolean;
  readonly normalized?: boolean;
  readonly lstrip?: boolean;
  readonly rstrip?: boolean;
}

/** A token that is found in the text before anything else is done with it. */
export interface AddedToken {
  readonly id: number;
  readonly isSpecial: boolean;
  /** Takes whitespace of its neighbours. */
  readonly strips: boolean;
  /** Searched for in normalized text, hence in one stretch of text at a time. */
  readonly isNormalized: boolean;
}

/** Added tokens by text; the last of two with one text counts, as in the library. */
export function readAddedTokens(json: TokenizerJson): ReadonlyMap<string, AddedToken> {
  const hasNormalizer = (json.normalizer ?? null) !== null;
  const tokens = new Map<string, AddedToken>();
  for (const token of json.added_tokens ?? []) {
    const isSpecial = token.special ?? false;
    tokens.set(token.content, {
      id: token.id,
      isSpecial,
      strips: token.lstrip === true || token.rstrip === true,
      isNormalized: hasNormalizer && (token.normalized ?? !isSpecial),
    });
  }
  return tokens;
}
