import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { findBorders } from './segment-borders.js';
import type { SegmentBorders } from './segment-borders.js';
import { findFraming } from './slicing/framing.js';
import type { Framing } from './slicing/framing.js';
import { findSliceBorders } from './slicing/slice-borders.js';
import type { SliceBorders } from './slicing/slice-borders.js';
import { unitsPerTokenMax } from './slicing/token-length.js';
import { readAddedTokens } from './tokenizer-json.js';
import type { AddedToken, TokenizerJson } from './tokenizer-json.js';

/** What this package uses of the library's tokenizer. */
export interface TokenizerCalls {
  encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: number[] };
  /** @throws when `ids` is empty. */
  decode(ids: readonly number[], options: { readonly skip_special_tokens: boolean }): string;
  get_vocab(withAddedTokens: boolean): ReadonlyMap<string, number>;
  readonly normalizer: ((text: string) => string) | null;
  readonly pre_tokenizer: unknown;
}

/** The library's declarations import without file endings, which nodenext does not resolve; its class is untyped here. */
const LibraryTokenizer = Tokenizer as unknown as new (tokenizer: object, config: object) => TokenizerCalls;

/** A tokenizer and what its files say that the library does not tell. */
export interface LoadedTokenizer {
  readonly tokenizer: TokenizerCalls;
  /** By text. */
  readonly addedTokens: ReadonlyMap<string, AddedToken>;
  /** True when ids decode to bytes of UTF-8, one after the other. */
  readonly isByteLevel: boolean;
  /** Where a text may be cut without changing its ids; null when nowhere. */
  readonly borders: SegmentBorders | null;
  /** Where any text may be cut without changing its ids; null when nowhere for certain. */
  readonly sliceBorders: SliceBorders | null;
  /** What the post-processor puts around a text; null when it is not the same for all. */
  readonly framing: Framing | null;
  /** A text of more than n times as many UTF-16 units has more than n ids; null when there is no such number. */
  readonly unitsPerTokenMax: number | null;
  /** Sources of chat templates by name; empty when the model has none. */
  readonly chatTemplates: ReadonlyMap<string, string>;
  /** Texts such as `bos_token` that templates may name. */
  readonly namedTokens: Readonly<Record<string, string>>;
  /** `model_type` of config.json; null when there is none. */
  readonly modelType: string | null;
}

export type TokenizerLoading =
  | { readonly kind: 'loaded'; readonly loaded: LoadedTokenizer }
  | { readonly kind: 'missing'; readonly path: string }
  | { readonly kind: 'invalid'; readonly reason: string };

type Config = Readonly<Record<string, unknown>>;

/** Reads `tokenizer.json`, and `tokenizer_config.json` and `chat_template.jinja` when they are there. */
export async function loadTokenizer(folder: string): Promise<TokenizerLoading> {
  const path = join(folder, 'tokenizer.json');
  try {
    const tokenizerText = await readOrNull(path);
    if (tokenizerText === null) return { kind: 'missing', path };
    const configText = await readOrNull(join(folder, 'tokenizer_config.json'));
    const templateText = await readOrNull(join(folder, 'chat_template.jinja'));
    const modelText = await readOrNull(join(folder, 'config.json'));
    const json = parseObject(tokenizerText, 'tokenizer.json') as TokenizerJson;
    const config = parseObject(configText ?? '{}', 'tokenizer_config.json') as Config;
    const { model_type: modelType } = parseObject(modelText ?? '{}', 'config.json') as Config;
    const loaded = assembleTokenizer(json, config, templateText);
    return {
      kind: 'loaded',
      loaded: { ...loaded, modelType: typeof modelType === 'string' ? modelType : null },
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'invalid', reason: `${folder}: ${reason}` };
  }
}

/**
 * @param templateText of `chat_template.jinja`, which wins over a template in the configuration.
 * @throws Error when the library refuses the tokenizer.
 */
export function assembleTokenizer(
  json: TokenizerJson,
  config: Config,
  templateText: string | null,
): LoadedTokenizer {
  const complete = { added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, ...json };
  // The library tidies spaces before punctuation unless told not to; ids must decode to the text they came from.
  const tokenizer = new LibraryTokenizer(complete, { ...config, clean_up_tokenization_spaces: false });
  const addedTokens = readAddedTokens(json);
  return {
    tokenizer,
    addedTokens,
    isByteLevel: json.decoder?.type === 'ByteLevel' && (json.model?.end_of_word_suffix ?? null) === null,
    borders: findBorders(json, addedTokens, tokenizer),
    sliceBorders: findSliceBorders({ json, config, addedTokens, tokenizer }),
    framing: findFraming(tokenizer),
    unitsPerTokenMax: unitsPerTokenMax(json, config, addedTokens),
    chatTemplates:
      templateText === null ? readTemplates(config) : new Map([['default', templateText] as const]),
    namedTokens: readNamedTokens(config),
    modelType: null,
  };
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

function parseObject(text: string, name: string): object {
  const value = parseJson(text, name);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new Error(`${name} is no JSON object`);
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${name} is no JSON: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function readTemplates(config: Config): ReadonlyMap<string, string> {
  const template = config.chat_template;
  if (typeof template === 'string') return new Map([['default', template]]);
  const templates = new Map<string, string>();
  if (!Array.isArray(template)) return templates;
  for (const entry of template as readonly { readonly name?: unknown; readonly template?: unknown }[]) {
    if (typeof entry.name === 'string' && typeof entry.template === 'string') {
      templates.set(entry.name, entry.template);
    }
  }
  return templates;
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
