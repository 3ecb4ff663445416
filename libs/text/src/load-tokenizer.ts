import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';

/** What this package uses of the library's tokenizer. */
export interface TokenizerCalls {
  encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: number[] };
  /** @throws when `ids` is empty. */
  decode(ids: readonly number[], options: { readonly skip_special_tokens: boolean }): string;
  get_vocab(withAddedTokens: boolean): ReadonlyMap<string, number>;
}

/** The library's declarations import without file endings, which nodenext does not resolve; its class is untyped here. */
const LibraryTokenizer = Tokenizer as unknown as new (tokenizer: object, config: object) => TokenizerCalls;

/** A tokenizer and what its files say that the library does not tell. */
export interface LoadedTokenizer {
  readonly tokenizer: TokenizerCalls;
  /** Source of the chat template; null when the model has none. */
  readonly chatTemplate: string | null;
  /** Texts such as `bos_token` that templates may name. */
  readonly namedTokens: Readonly<Record<string, string>>;
  /** Ids of added tokens by text when text between them encodes by itself; null when it does not. */
  readonly boundaries: ReadonlyMap<string, number> | null;
}

export type TokenizerLoading =
  | { readonly kind: 'loaded'; readonly loaded: LoadedTokenizer }
  | { readonly kind: 'missing'; readonly path: string }
  | { readonly kind: 'invalid'; readonly reason: string };

interface TokenizerJson {
  readonly normalizer?: unknown;
  readonly pre_tokenizer?: unknown;
  readonly added_tokens?: readonly AddedTokenJson[];
}

interface AddedTokenJson {
  readonly id: number;
  readonly content: string;
  readonly special?: boolean;
  readonly lstrip?: boolean;
  readonly rstrip?: boolean;
  readonly single_word?: boolean;
}

type Config = Readonly<Record<string, unknown>>;

/** Reads `tokenizer.json`, and `tokenizer_config.json` and `chat_template.jinja` when they are there. */
export async function loadTokenizer(folder: string): Promise<TokenizerLoading> {
  const path = join(folder, 'tokenizer.json');
  const tokenizerText = await readOrNull(path);
  if (tokenizerText === null) return { kind: 'missing', path };
  const configText = await readOrNull(join(folder, 'tokenizer_config.json'));
  const templateText = await readOrNull(join(folder, 'chat_template.jinja'));
  try {
    const json = JSON.parse(tokenizerText) as TokenizerJson;
    const config = JSON.parse(configText ?? '{}') as Config;
    const loaded: LoadedTokenizer = {
      // The library would tidy spaces before punctuation by default; ids must decode to the text they came from.
      tokenizer: new LibraryTokenizer(json, { clean_up_tokenization_spaces: false, ...config }),
      chatTemplate: templateText ?? readTemplate(config),
      namedTokens: readNamedTokens(config),
      boundaries: readBoundaries(json, config),
    };
    return { kind: 'loaded', loaded };
  } catch (error) {
    return {
      kind: 'invalid',
      reason: `${folder}: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return null;
    }
    throw error;
  }
}

function readTemplate(config: Config): string | null {
  const template = config.chat_template;
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return null;
  const named = template as readonly { readonly name?: string; readonly template?: string }[];
  return named.find((entry) => entry.name === 'default')?.template ?? null;
}

function readNamedTokens(config: Config): Record<string, string> {
  const named: Record<string, string> = {};
  for (const [name, value] of Object.entries(config)) {
    if (!name.endsWith('_token')) continue;
    if (typeof value === 'string') named[name] = value;
    else if (typeof value === 'object' && value !== null && 'content' in value) {
      named[name] = String(value.content);
    }
  }
  return named;
}

/** The library encodes text between added tokens apart from the rest, unless one of these settings looks across. */
function readBoundaries(json: TokenizerJson, config: Config): ReadonlyMap<string, number> | null {
  const added = json.added_tokens ?? [];
  const isPlain = (token: AddedTokenJson): boolean =>
    token.special === true && token.lstrip !== true && token.rstrip !== true && token.single_word !== true;
  if ((json.normalizer ?? null) !== null || added.length === 0 || !added.every(isPlain)) return null;
  if (config.remove_space === true || config.do_lowercase_and_remove_accent === true) return null;
  // Metaspace may treat the first section of a text unlike the others.
  if (JSON.stringify(json.pre_tokenizer ?? null).includes('"Metaspace"')) return null;
  return new Map(added.map((token) => [token.content, token.id]));
}
