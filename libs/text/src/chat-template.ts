import { Template } from '@huggingface/jinja';
import type { LoadedTokenizer } from './load-tokenizer.js';

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

/** Reads the body of a chat request as far as a template needs it. @throws SyntaxError when it is no JSON. */
export function readChat(body: Uint8Array): ChatInput {
  const fields = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString()) as Fields;
  return {
    messages: fields['messages'] as readonly ChatMessage[],
    tools: (fields['tools'] as readonly unknown[] | null) ?? undefined,
    addGenerationPrompt: (fields['add_generation_prompt'] as boolean | null) ?? undefined,
    templateArguments: (fields['chat_template_kwargs'] as Fields | null) ?? undefined,
  };
}

type Fields = Readonly<Record<string, unknown>>;

export type Rendering =
  | { readonly kind: 'text'; readonly text: string }
  /** The model has no template, or the template refuses the messages. */
  | { readonly kind: 'refused'; readonly reason: string };

interface CompiledTemplate {
  readonly template: Template;
  /** The template goes through the parts of a message itself; otherwise it expects one text. */
  readonly takesParts: boolean;
}

/**
 * Renders conversations as engines do, so that the ids are theirs: a model with several templates uses `tool_use` when there are
 * tools; arguments of tool calls become objects; content in parts becomes one text, joined by line ends, unless the template takes
 * parts (found out by rendering a probe). What vLLM's chat utilities do.
 */
export class ChatTemplate {
  private readonly plain: CompiledTemplate | null;
  private readonly withTools: CompiledTemplate | null;

  /** @throws Error when a template cannot be parsed. */
  constructor(private readonly loaded: LoadedTokenizer) {
    const { chatTemplates } = loaded;
    this.plain = this.compile(chatTemplates.get('default'));
    this.withTools = this.compile(chatTemplates.get('tool_use')) ?? this.plain;
  }

  render(input: ChatInput): Rendering {
    const compiled = (input.tools?.length ?? 0) > 0 ? this.withTools : this.plain;
    if (compiled === null) return { kind: 'refused', reason: 'the tokenizer has no chat template' };
    try {
      const messages = input.messages.map((message) => prepare(message, compiled.takesParts));
      return { kind: 'text', text: this.fill(compiled.template, { ...input, messages }) };
    } catch (error) {
      return { kind: 'refused', reason: error instanceof Error ? error.message : String(error) };
    }
  }

  private fill(template: Template, input: ChatInput): string {
    return template.render({
      ...this.loaded.namedTokens,
      ...input.templateArguments,
      messages: input.messages,
      ...(input.tools === undefined ? {} : { tools: input.tools }),
      add_generation_prompt: input.addGenerationPrompt ?? true,
    });
  }

  private compile(source: string | undefined): CompiledTemplate | null {
    if (source === undefined) return null;
    const template = new Template(source);
    return { template, takesParts: this.takesParts(template) };
  }

  private takesParts(template: Template): boolean {
    const text = 'PARTS-PROBE';
    try {
      const rendered = this.fill(template, {
        messages: [{ role: 'user', content: [{ type: 'text', text }] }],
      });
      // A template for texts prints the part as it is, braces, keys and all.
      return rendered.includes(text) && !/["']type["']/.test(rendered);
    } catch {
      return false;
    }
  }
}

function prepare(message: ChatMessage, takesParts: boolean): ChatMessage {
  const { content, tool_calls: calls } = message;
  const prepared: Record<string, unknown> = { ...message };
  if (!takesParts && Array.isArray(content)) prepared.content = textOf(content);
  if (Array.isArray(calls)) prepared.tool_calls = calls.map(withParsedArguments);
  return { ...prepared, role: message.role };
}

function textOf(parts: readonly unknown[]): string {
  return parts
    .flatMap((part) => (isRecord(part) && typeof part.text === 'string' ? [part.text] : []))
    .join('\n');
}

function withParsedArguments(call: unknown): unknown {
  if (!isRecord(call) || !isRecord(call.function)) return call;
  const { arguments: text } = call.function;
  if (typeof text !== 'string') return call;
  return { ...call, function: { ...call.function, arguments: parseArguments(text) } };
}

function parseArguments(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is the template's to print.
    return text;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
