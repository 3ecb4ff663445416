import type { PromptRequest, ChatCompletionChunk, Completion, FinishReason, Usage } from '@kvasir/openai';
import type { EngineApi } from '../dialects/engine-api.js';

/** A finished choice. */
export interface ChoiceAnswer {
  readonly text: string;
  readonly finishReason: FinishReason;
}

/** How one endpoint writes its answers: objects to be sent as JSON. */
export interface AnswerForm {
  readonly id: string;
  /** What a stream says of a choice before its first text; null for nothing. */
  opening(choice: number): object | null;
  piece(choice: number, text: string, finishReason: FinishReason | null): object;
  usage(usage: Usage): object;
  whole(choices: readonly ChoiceAnswer[], usage: Usage): object;
}

export interface AnswerIdentity {
  readonly id: string;
  readonly model: string;
  readonly createdEpochS: number;
  readonly api: EngineApi;
  readonly reportsCachedTokens: boolean;
}

export function answerForm(kind: PromptRequest['kind'], identity: AnswerIdentity): AnswerForm {
  return kind === 'chat' ? chatForm(identity) : completionForm(identity);
}

function chatForm(identity: AnswerIdentity): AnswerForm {
  const { id, model, createdEpochS: created, api } = identity;
  const chunk = (choices: ChatCompletionChunk['choices']): ChatCompletionChunk => ({
    id,
    object: 'chat.completion.chunk',
    created,
    model,
    choices: choices.map((choice) => ({ ...choice, ...api.choiceMembers })),
    ...api.chunkMembers,
  });
  return {
    id,
    opening: (index) =>
      chunk([{ index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null }]),
    piece: (index, content, finishReason) =>
      chunk([{ index, delta: { content }, logprobs: null, finish_reason: finishReason }]),
    usage: (usage) => ({ ...chunk([]), usage: told(identity, usage) }),
    whole: (choices, usage) => ({
      id,
      object: 'chat.completion',
      created,
      model,
      choices: choices.map(({ text, finishReason }, index) => ({
        index,
        message: { role: 'assistant', content: text },
        logprobs: null,
        finish_reason: finishReason,
        ...api.choiceMembers,
      })),
      usage: told(identity, usage),
    }),
  };
}

function completionForm(identity: AnswerIdentity): AnswerForm {
  const { id, model, createdEpochS: created, api } = identity;
  const completion = (choices: Completion['choices']): Completion => ({
    id,
    object: 'text_completion',
    created,
    model,
    choices: choices.map((choice) => ({ ...choice, ...api.choiceMembers })),
    ...api.chunkMembers,
  });
  return {
    id,
    opening: () => null,
    piece: (index, text, finishReason) =>
      completion([{ index, text, logprobs: null, finish_reason: finishReason }]),
    usage: (usage) => ({ ...completion([]), usage: told(identity, usage) }),
    whole: (choices, usage) => ({
      ...completion(
        choices.map(({ text, finishReason }, index) => ({
          index,
          text,
          logprobs: null,
          finish_reason: finishReason,
        })),
      ),
      usage: told(identity, usage),
    }),
  };
}

function told({ api, reportsCachedTokens }: AnswerIdentity, usage: Usage): object {
  return api.usage(usage, reportsCachedTokens);
}
