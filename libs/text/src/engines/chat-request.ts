import type { Dict, List, Value } from '@kvasir/python-values';

/** A chat request as an engine understands it, before its messages meet a template. */
export interface EngineChatRequest {
  /** Each a dict with a role; otherwise as they came. */
  readonly messages: readonly Dict[];
  /** As the engine's model of a tool prints them; null for none. */
  readonly tools: List | null;
  /** A template, or the name of one; null for the model's own. */
  readonly template: string | null;
  /** What the template is given besides messages. */
  readonly variables: ReadonlyMap<string, Value>;
  readonly addsGenerationPrompt: boolean;
  readonly continuesFinalMessage: boolean;
  /** The tokens of the tokenizer's post-processor come on top of what the template writes. */
  readonly addsSpecialTokens: boolean;
  /** Ids that are left of a longer prompt; null leaves all. */
  readonly truncation: { readonly tokens: number; readonly keeps: 'first' | 'last' } | null;
}

/** A message as the template gets it. */
export type TemplateMessage = ReadonlyMap<string, Value>;

/** Refuses what the engine would refuse too. Thrown by the readers of requests and caught by the renderer. */
export class RequestInvalidError extends Error {}
