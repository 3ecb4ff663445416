import { Template, TemplateSyntaxError } from '@kvasir/jinja';
import type { Rendered } from '@kvasir/jinja';
import { hasLoneSurrogate, isDict, parseJson, UnsupportedError } from '@kvasir/python-values';
import type { Dict, Value } from '@kvasir/python-values';
import { LRUCache } from 'lru-cache';
import { RequestInvalidError } from '../engines/chat-request.js';
import type { EngineChatRequest, TemplateMessage } from '../engines/chat-request.js';
import { withoutDeveloperRole } from '../engines/developer-role.js';
import { readVllmMessages } from '../engines/vllm-messages.js';
import { readVllmRequest } from '../engines/vllm-request.js';
import { ownRendererOf } from '../engines/vllm-renderers.js';
import type { LoadedTokenizer } from '../load-tokenizer.js';
import { detectContentFormat } from './content-format.js';
import type { ContentFormat } from './content-format.js';
import { continueFinalMessage } from './continue-message.js';
import { localSurroundings } from './local-time.js';
import { shortfall } from './shortfall.js';
import type { Shortfall } from './shortfall.js';

/** A prompt as text, and what is done to its ids. */
export interface RenderedPrompt {
  readonly kind: 'text';
  readonly text: string;
  readonly addsSpecialTokens: boolean;
  readonly truncation: EngineChatRequest['truncation'];
}

export type Rendering = RenderedPrompt | Shortfall;

/** Templates of requests that are kept ready. */
const REQUEST_TEMPLATES_MAX = 16;

type Ready =
  | { readonly kind: 'ready'; readonly template: Template; readonly format: ContentFormat }
  | { readonly kind: 'unready'; readonly reason: string };

/**
 * Renders conversations as vLLM does, so that the ids are its ids: what it makes of the request (`engines/vllm-*.ts`), its choice among
 * templates, and Python's Jinja. Whatever cannot be rendered exactly is a shortfall with the reason, never another text.
 */
export class ChatTemplate {
  private readonly own = new Map<string, Ready>();
  private readonly fromRequests = new LRUCache<string, Ready>({ max: REQUEST_TEMPLATES_MAX });

  /** @param defaults template variables of the server (`--default-chat-template-kwargs`). */
  constructor(
    private readonly loaded: LoadedTokenizer,
    private readonly defaults: Dict = new Map(),
  ) {
    for (const [name, source] of loaded.chatTemplates) this.own.set(name, makeReady(source));
  }

  /** @param body the JSON of a chat request. */
  render(body: Uint8Array): Rendering {
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
      return this.renderRequest(readVllmRequest(parseJson(text), this.defaults));
    } catch (error) {
      if (error instanceof UnsupportedError) return shortfall('templateUnsupported', error.message);
      if (
        error instanceof RequestInvalidError ||
        error instanceof SyntaxError ||
        error instanceof TypeError
      ) {
        return shortfall('requestInvalid', error.message);
      }
      throw error;
    }
  }

  private renderRequest(request: EngineChatRequest): Rendering {
    const renderer = ownRendererOf(this.loaded.modelType);
    if (renderer !== null)
      return shortfall('templateUnsupported', `prompts of ${renderer} are not made by a template`);
    const ready = this.choose(request);
    if (ready.kind === 'unready') return shortfall('templateUnsupported', ready.reason);
    const { messages, firstMedia } = readVllmMessages(request.messages, ready.format);
    const conversation = withoutDeveloperRole(messages, ready.template.source);
    if (firstMedia !== null) return this.beforeMedia(ready.template, request, { conversation, firstMedia });
    if (!request.continuesFinalMessage)
      return this.finish(this.fill(ready.template, request, conversation), request);
    const continuation = continueFinalMessage(conversation, ready.template.source);
    const rendered = this.fill(ready.template, request, continuation.messages);
    if (rendered.kind !== 'text') return this.finish(rendered, request);
    return this.finish({ kind: 'text', text: continuation.cut(rendered.text) }, request);
  }

  private finish(rendered: Rendered, { addsSpecialTokens, truncation }: EngineChatRequest): Rendering {
    const { text } = rendered;
    switch (rendered.kind) {
      case 'text':
        if (hasLoneSurrogate(text)) return shortfall('requestInvalid', 'The text has half a surrogate pair');
        return { kind: 'text', text, addsSpecialTokens, truncation };
      case 'raised':
      case 'error':
        return shortfall('templateRefused', rendered.reason, text);
      case 'unsupported':
        return shortfall('templateUnsupported', rendered.reason, text);
    }
  }

  /** What media become in the prompt only the engine knows: the prompt is known up to the first message that has some. */
  private beforeMedia(
    template: Template,
    request: EngineChatRequest,
    {
      conversation,
      firstMedia,
    }: { readonly conversation: readonly TemplateMessage[]; readonly firstMedia: number },
  ): Shortfall {
    const before = { ...request, addsGenerationPrompt: false };
    const whole = this.fill(template, request, conversation).text;
    const start = firstMedia === 0 ? '' : this.fill(template, before, conversation.slice(0, firstMedia)).text;
    return shortfall('templateUnsupported', 'images, sounds and videos', commonStart(whole, start));
  }

  private fill(
    template: Template,
    request: EngineChatRequest,
    messages: readonly TemplateMessage[],
  ): Rendered {
    const variables = new Map<string, Value>(Object.entries(this.loaded.namedTokens));
    variables.set('documents', null);
    for (const [name, value] of request.variables) variables.set(name, value);
    variables.set('messages', messages);
    variables.set('tools', request.tools);
    variables.set('add_generation_prompt', request.addsGenerationPrompt);
    return template.render(variables, localSurroundings);
  }

  private choose({ template, tools }: EngineChatRequest): Ready {
    const named =
      template === null ? this.own.get(tools === null ? 'default' : 'tool_use') : this.own.get(template);
    if (named !== undefined) return named;
    if (template !== null) return this.readyOf(template);
    return this.own.get('default') ?? { kind: 'unready', reason: 'the tokenizer has no chat template' };
  }

  private readyOf(source: string): Ready {
    const known = this.fromRequests.get(source);
    if (known !== undefined) return known;
    const ready = makeReady(source);
    this.fromRequests.set(source, ready);
    return ready;
  }
}

function makeReady(source: string): Ready {
  try {
    const template = new Template(source);
    return { kind: 'ready', template, format: detectContentFormat(template.body) };
  } catch (error) {
    if (error instanceof TemplateSyntaxError) {
      return { kind: 'unready', reason: `the chat template cannot be parsed: ${error.message}` };
    }
    if (error instanceof UnsupportedError || error instanceof RangeError) {
      return { kind: 'unready', reason: `the chat template cannot be rendered: ${error.message}` };
    }
    throw error;
  }
}

function commonStart(whole: string, start: string): string {
  let length = 0;
  while (length < start.length && start.charCodeAt(length) === whole.charCodeAt(length)) length += 1;
  return start.slice(0, length);
}

/** Reads the variables that a server gives to every template. @throws SyntaxError when the text is no JSON object. */
export function readTemplateVariables(json: string | null): Dict {
  if (json === null) return new Map();
  const value = parseJson(json);
  if (isDict(value)) return value;
  throw new SyntaxError('Template variables must be a JSON object');
}
