/** Shapes of answers as OpenAI documents them, with the fields that engines fill. For who writes answers; the relay does not parse them. */
export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number | null } | null;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

export interface ChatCompletion {
  readonly id: string;
  readonly object: 'chat.completion';
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
  readonly choices: readonly {
    readonly index: number;
    readonly message: { readonly role: 'assistant'; readonly content: string | null };
    readonly logprobs: null;
    readonly finish_reason: FinishReason;
  }[];
  readonly usage: Usage;
}

export interface ChatCompletionChunk {
  readonly id: string;
  readonly object: 'chat.completion.chunk';
  readonly created: number;
  readonly model: string;
  /** Empty in the chunk that carries `usage`. */
  readonly choices: readonly {
    readonly index: number;
    readonly delta: { readonly role?: 'assistant'; readonly content?: string };
    readonly logprobs: null;
    readonly finish_reason: FinishReason | null;
  }[];
  readonly usage?: Usage | null;
}

/** Of `/v1/completions`: a whole answer, and each chunk of a stream. */
export interface Completion {
  readonly id: string;
  readonly object: 'text_completion';
  readonly created: number;
  readonly model: string;
  /** Empty in the chunk that carries `usage`. */
  readonly choices: readonly {
    readonly index: number;
    readonly text: string;
    readonly logprobs: null;
    readonly finish_reason: FinishReason | null;
  }[];
  readonly usage?: Usage | null;
}

/** One of `/v1/models`; what OpenAI does not have is vLLM's. */
export interface ModelCard {
  readonly id: string;
  readonly object: 'model';
  /** Seconds since 1970. */
  readonly created: number;
  readonly owned_by: string;
  /** The name that the model has beside others; its own otherwise. */
  readonly root: string;
  /** The model that an adapter belongs to. */
  readonly parent: string | null;
  /** Longest prompt plus output, in tokens. Null for an adapter: that of its model. */
  readonly max_model_len: number | null;
  readonly permission: readonly never[];
}

/** Of `/v1/models`. */
export interface ModelList {
  readonly object: 'list';
  readonly data: readonly ModelCard[];
}
