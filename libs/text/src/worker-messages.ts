/** One message of a conversation, in the shape of the chat API; templates may read further members. */
export interface ChatMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly [member: string]: unknown;
}

export interface ChatInput {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly unknown[] | undefined;
  /** Ends the prompt with the opening of the assistant's turn; default true. */
  readonly addGenerationPrompt?: boolean | undefined;
  /** Further variables of the template, e.g. `enable_thinking`. */
  readonly templateArguments?: Readonly<Record<string, unknown>> | undefined;
}

export type EncodeTask =
  | { readonly kind: 'chat'; readonly input: ChatInput }
  | { readonly kind: 'text'; readonly text: string; readonly addSpecialTokens: boolean };

export interface WorkerRequest {
  readonly id: number;
  readonly task: EncodeTask;
}

export interface WorkerSetup {
  readonly tokenizerPath: string;
  readonly cacheTokensMax: number;
}

/** Tokens of text segments found in the cache and encoded anew, and evictions, since the worker started. */
export interface CacheCounts {
  readonly hitTokens: number;
  readonly missTokens: number;
  readonly evictedTokens: number;
}

export type WorkerReply =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'encoded';
      readonly id: number;
      readonly tokens: Uint32Array<ArrayBuffer>;
      readonly cache: CacheCounts;
    }
  | { readonly kind: 'templateFailed'; readonly id: number; readonly reason: string }
  | { readonly kind: 'invalid'; readonly reason: string };
