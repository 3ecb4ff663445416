import type { OpenAiError } from './errors.js';
import type { JsonBody } from './json-body.js';

/** What routing needs of any request; all else stays in `body`, unread and unchanged. */
interface RoutedFields {
  /** As the client names it, or the only one there is when it names none; the body stays as it came. */
  readonly model: string;
  readonly isStream: boolean;
  /** The client asked for a last chunk with `usage`. */
  readonly includesUsage: boolean;
  /** `max_completion_tokens`, else `max_tokens`; null when the engine may decide. */
  readonly outputTokensMax: number | null;
  /** Answers per prompt: the larger of `n` and `best_of`. */
  readonly choiceCount: number;
  /** Separates equal prompts' KV: vLLM's `cache_salt`. */
  readonly cacheSalt: string | null;
  readonly hints: RoutingHints;
  readonly body: JsonBody;
}

/** What a request says of how it would like to be served; for the choice among pools. */
export interface RoutingHints {
  /** `nvext.router.ttft_target`, in ms. */
  readonly ttftTargetMs: number | null;
  /** `nvext.router.itl_target`, in ms. */
  readonly itlTargetMs: number | null;
  /** `nvext.agent_hints.priority`. */
  readonly priority: number | null;
  /** `nvext.session_control.session_id`. */
  readonly sessionId: string | null;
}

export interface ChatRequest extends RoutedFields {
  readonly kind: 'chat';
  /** JSON of an array of at least one item, not looked into: the engine judges it. */
  readonly messages: Buffer;
  /** JSON of an array. */
  readonly tools: Buffer | null;
  /** `add_generation_prompt`, true by default. */
  readonly addsGenerationPrompt: boolean;
  /** Extra variables for the chat template, JSON of an object: `chat_template_kwargs`. */
  readonly templateVariables: Buffer | null;
}

export interface CompletionRequest extends RoutedFields {
  readonly kind: 'completion';
  /** At least one, none empty. */
  readonly prompts: readonly CompletionPrompt[];
  /** The engine must compute logits of the prompt itself: `echo` with `logprobs`, or `prompt_logprobs`. */
  readonly wantsPromptLogprobs: boolean;
}

export type CompletionPrompt =
  /** JSON of a string that is not empty, quotes and escapes included. */
  | { readonly kind: 'text'; readonly json: Buffer }
  | { readonly kind: 'tokens'; readonly tokens: Uint32Array };

/** A request of a path whose bodies are the engine's alone: passed on as it came, answered as it comes. */
export interface RelayedRequest extends RoutedFields {
  readonly kind: 'relayed';
  /** The engine's, too. */
  readonly path: RelayedPath;
}

/** Requests that have a prompt which can be found in caches. */
export type PromptRequest = ChatRequest | CompletionRequest;

export type ApiRequest = PromptRequest | RelayedRequest;

export type RelayedPath = (typeof relayedPaths)[number];

export type RequestReading<Request extends ApiRequest> =
  | { readonly kind: 'ok'; readonly request: Request }
  | { readonly kind: 'invalid'; readonly error: OpenAiError };

/**
 * Reads one request in steps, so that a large body does not hold everything else up. `parseChatRequest` and its like take all steps at once.
 */
export interface RequestReader<Request extends ApiRequest = ApiRequest> {
  /** Bytes that are still to be read. */
  readonly bytesLeft: number;
  /** Reads about `bytesMax` bytes more. @returns null when there are more. */
  step(bytesMax: number): RequestReading<Request> | null;
}

/** Path of each kind of request that has a prompt, the engines' too. */
export const requestPaths = {
  chat: '/v1/chat/completions',
  completion: '/v1/completions',
} as const satisfies Record<PromptRequest['kind'], string>;

/** Paths whose requests go to an engine of their model by load. */
export const relayedPaths = [
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1/responses',
  '/v1/embeddings',
  '/v1/rerank',
  '/v2/rerank',
  '/rerank',
  '/v1/score',
  '/score',
  '/pooling',
  '/classify',
  '/tokenize',
  '/detokenize',
] as const;
