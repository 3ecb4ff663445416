import { byteSymbols } from '@kvasir/text';
import { trainMerges } from './train-merges.js';

const SPECIAL_TOKENS = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'] as const;

/** ChatML: every message between `<|im_start|>role` and `<|im_end|>`; tools, when given, go into a first system message as JSON. */
const CHAT_TEMPLATE = [
  "{%- if tools %}{{- '<|im_start|>system\\nTools:\\n' }}",
  "{%- for tool in tools %}{{- tool | tojson }}{{- '\\n' }}{%- endfor %}",
  "{{- '<|im_end|>\\n' }}{%- endif %}",
  '{%- for message in messages %}',
  "{{- '<|im_start|>' + message.role + '\\n' }}",
  '{%- if message.content is string %}{{- message.content }}',
  "{%- elif message.content %}{%- for part in message.content %}{%- if part.type == 'text' %}{{- part.text }}{%- endif %}{%- endfor %}",
  '{%- endif %}',
  "{%- for call in message.tool_calls or [] %}{{- '\\nCall: ' }}{{- call | tojson }}{%- endfor %}",
  "{{- '<|im_end|>\\n' }}{%- endfor %}",
  "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}",
].join('');

/** The two files of a tokenizer folder, as they are written: text that ends in a newline. */
export interface TokenizerFiles {
  readonly 'tokenizer.json': string;
  readonly 'tokenizer_config.json': string;
}

/** Trains on `corpus` and lays the outcome out as tokenizer libraries read it: ids are 256 bytes, then merges, then special tokens. */
export function buildTokenizerFiles(corpus: string, mergeCountMax: number): TokenizerFiles {
  const merges = trainMerges(corpus, mergeCountMax);
  const symbols = new Set([...byteSymbols, ...merges.map(([left, right]) => left + right)]);
  const vocabulary = Object.fromEntries(Array.from(symbols, (symbol, id) => [symbol, id]));
  const addedTokens = SPECIAL_TOKENS.map((content, index) => describeSpecial(content, symbols.size + index));
  return {
    'tokenizer.json': toText(describeTokenizer(vocabulary, merges, addedTokens)),
    'tokenizer_config.json': toReadableText({
      tokenizer_class: 'PreTrainedTokenizerFast',
      model_max_length: 131_072,
      eos_token: '<|im_end|>',
      pad_token: '<|endoftext|>',
      clean_up_tokenization_spaces: false,
      chat_template: CHAT_TEMPLATE,
    }),
  };
}

function describeTokenizer(vocabulary: object, merges: readonly unknown[], addedTokens: object[]): object {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens,
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: vocabulary,
      merges,
    },
  };
}

function describeSpecial(content: string, id: number): object {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

/** One setting per line, as formatters want it: this file is read by people. */
function toReadableText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function toText(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
