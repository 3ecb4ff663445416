import type { OptionSpecs, OptionValues } from '@kvasir/service';

/** Where the ids of prompts come from. */
export const renderingOptions = {
  tokenizer: {
    kind: 'choice',
    choices: ['auto', 'engine', 'local', 'bytes'],
    default: 'auto',
    doc: 'Who turns prompts into tokens. auto: this process, and the engine for what cannot be rendered here; engine: the engine’s own render route, for all; local: this process alone; bytes: nobody, prompts of text are routed by load.',
    group: 'Tokens',
  },
  rendererUrl: {
    kind: 'strings',
    default: [],
    doc: 'Base URLs of renderers without a GPU (vllm launch render), asked in the place of the engines; they must serve the model under its own name.',
    group: 'Tokens',
  },
  renderTimeoutMs: {
    kind: 'integer',
    default: 1_000,
    min: 1,
    unit: 'ms',
    doc: 'How long an engine may take to render a prompt; after that it is routed by what is known here, else by load.',
    group: 'Tokens',
  },
  rendersMax: {
    kind: 'integer',
    default: 64,
    min: 1,
    doc: 'Prompts that engines render at a time; more are routed by what is known here, else by load.',
    group: 'Tokens',
  },
  renderCacheBytesMax: {
    kind: 'integer',
    default: 64 * 1024 * 1024,
    min: 0,
    unit: 'bytes',
    doc: 'Tokens that engines have rendered and that are remembered for the same prompt.',
    group: 'Tokens',
  },
} as const satisfies OptionSpecs;

type Values = OptionValues<typeof renderingOptions>;

export type TokenSource = Values['tokenizer'];

export interface RenderingConfig {
  readonly source: TokenSource;
  readonly rendererUrls: readonly string[];
  readonly timeoutMs: number;
  readonly rendersMax: number;
  readonly cacheBytesMax: number;
}

export function renderingConfig(values: Values): RenderingConfig {
  return {
    source: values.tokenizer,
    rendererUrls: values.rendererUrl.map((url) => url.replace(/\/+$/, '')),
    timeoutMs: values.renderTimeoutMs,
    rendersMax: values.rendersMax,
    cacheBytesMax: values.renderCacheBytesMax,
  };
}

export function checkRendering({ tokenizer, rendererUrl }: Values): readonly string[] {
  return [
    ...rendererUrl
      .filter((url) => !isHttp(url))
      .map((url) => `--renderer-url must be a URL that begins with http:// or https://, received "${url}"`),
    ...(rendererUrl.length > 0 && (tokenizer === 'local' || tokenizer === 'bytes')
      ? [`--renderer-url is asked by nobody with --tokenizer ${tokenizer}`]
      : []),
  ];
}

function isHttp(url: string): boolean {
  return URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol);
}
