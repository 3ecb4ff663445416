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
  /** At least one; each has a `role`, the rest is as the client sent it. */
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly unknown[] | null;
  /** `add_generation_prompt`, true by default. */
  readonly addsGenerationPrompt: boolean;
  /** Extra variables for the chat template: `chat_template_kwargs`. */
  readonly templateVariables: Readonly<Record<string, unknown>> | null;
}

export interface ChatMessage {
  readonly role: string;
  readonly content?: string | null | readonly unknown[];
  readonly [field: string]: unknown;
}

export interface CompletionRequest extends RoutedFields {
  readonly kind: 'completion';
  /** At least one, none empty. */
  readonly prompts: readonly CompletionPrompt[];
  /** The engine must compute logits of the prompt itself: `echo` with `logprobs`, or `prompt_logprobs`. */
  readonly wantsPromptLogprobs: boolean;
}

export type CompletionPrompt =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tokens'; readonly tokens: Uint32Array };

export type ApiRequest = ChatRequest | CompletionRequest;

export type RequestReading<Request extends ApiRequest> =
  | { readonly kind: 'ok'; readonly request: Request }
  | { readonly kind: 'invalid'; readonly error: OpenAiError };

/** Path of each kind of request, the engines' too. */
export const requestPaths = {
  chat: '/v1/chat/completions',
  completion: '/v1/completions',
} as const satisfies Record<ApiRequest['kind'], string>;
