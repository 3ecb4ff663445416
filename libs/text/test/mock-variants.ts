import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assembleTokenizer } from '../src/load-tokenizer.js';
import type { LoadedTokenizer } from '../src/load-tokenizer.js';
import { mockTokenizerPath } from '../src/mock-tokenizer.js';

/** The mock tokenizer with settings of its files changed, for tests of what those settings do. */
export interface MockChanges {
  readonly normalizer?: object;
  readonly preTokenizer?: object;
  readonly decoder?: object;
  /** Tokens put before and after every text. */
  readonly postProcessor?: readonly [before: string, after: string];
  /** Maps every added token of the file. */
  readonly addedToken?: (token: AddedTokenEntry) => AddedTokenEntry;
  /** Added behind the others. */
  readonly furtherTokens?: readonly string[];
  readonly furtherTokensAreSpecial?: boolean;
  readonly config?: Readonly<Record<string, unknown>>;
}

interface AddedTokenEntry {
  readonly id: number;
  readonly content: string;
  readonly special?: boolean;
  readonly normalized?: boolean;
  readonly lstrip?: boolean;
  readonly rstrip?: boolean;
}

interface MockJson {
  readonly added_tokens: readonly AddedTokenEntry[];
  readonly [member: string]: unknown;
}

/** Special tokens of the mock tokenizer, and texts that are almost some. */
export const MARKS = ['<|im_start|>', '<|im_end|>', '<|endoftext|>', '<|im_start|>x', '<|IM_END|>'] as const;

export function mock(): LoadedTokenizer {
  return changedMock({});
}

export function changedMock(changes: MockChanges): LoadedTokenizer {
  const json = readMock('tokenizer.json') as MockJson;
  const added = json.added_tokens.map(changes.addedToken ?? ((token) => token));
  const firstId = Math.max(...added.map(({ id }) => id)) + 1;
  const further = (changes.furtherTokens ?? []).map((content, index) => ({
    id: firstId + index,
    content,
    special: changes.furtherTokensAreSpecial ?? true,
    normalized: false,
  }));
  return assembleTokenizer(
    {
      ...json,
      ...(changes.normalizer === undefined ? {} : { normalizer: changes.normalizer }),
      ...(changes.preTokenizer === undefined ? {} : { pre_tokenizer: changes.preTokenizer }),
      ...(changes.decoder === undefined ? {} : { decoder: changes.decoder }),
      added_tokens: [...added, ...further],
      ...(changes.postProcessor === undefined ? {} : { post_processor: framing(changes.postProcessor) }),
    },
    { ...readMock('tokenizer_config.json'), ...changes.config },
    null,
  );
}

function framing([before, after]: readonly [string, string]): object {
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  return {
    type: 'TemplateProcessing',
    single: [special(before), { Sequence: { id: 'A', type_id: 0 } }, special(after)],
    pair: [],
  };
}

function readMock(name: string): object {
  return JSON.parse(readFileSync(join(mockTokenizerPath, name), 'utf8')) as object;
}
