import { isDict, UnsupportedError } from '@kvasir/python-values';
import type { Dict, Key, List, Value } from '@kvasir/python-values';
import { RequestInvalidError } from './chat-request.js';
import type { EngineChatRequest } from './chat-request.js';
import {
  flagOf,
  invalid,
  optionalDict,
  optionalInteger,
  optionalList,
  optionalText,
  textMember,
} from './members.js';

/**
 * Reads a chat request as vLLM 0.32 does, as far as its prompt depends on it. The table of what is done to it is docs/rendering.md.
 * @param defaults the server's default template variables (`--default-chat-template-kwargs`).
 * @throws RequestInvalidError, UnsupportedError
 */
export function readVllmRequest(body: Value, defaults: Dict): EngineChatRequest {
  if (!isDict(body)) throw new RequestInvalidError('The body must be a JSON object');
  const tools = readTools(body);
  const addsGenerationPrompt = flag(body, 'add_generation_prompt', true);
  const continuesFinalMessage = flag(body, 'continue_final_message', false);
  if (addsGenerationPrompt && continuesFinalMessage) {
    throw new RequestInvalidError(`'continue_final_message' and 'add_generation_prompt' exclude each other`);
  }
  const given = optionalDict(body, 'chat_template_kwargs') ?? new Map<Key, Value>();
  const variables = readVariables(body, given, defaults);
  // Variables of these names replace what the request has.
  const otherTools = variables.get('tools') ?? null;
  return {
    messages: readMessages(body),
    tools: otherTools === null ? tools : toolsVariable(otherTools),
    template: optionalText(body, 'chat_template') || null,
    variables,
    addsGenerationPrompt,
    continuesFinalMessage,
    addsSpecialTokens: flag(body, 'add_special_tokens', false),
    truncation: readTruncation(body),
  };
}

function flag(body: Dict, name: string, fallback: boolean): boolean {
  return body.has(name) ? flagOf(body.get(name), name) : fallback;
}

function readMessages(body: Dict): readonly Dict[] {
  const messages = optionalList(body, 'messages') ?? [];
  if (messages.length === 0) throw invalid('messages', 'an array with at least one message');
  return messages.map((message) => {
    if (!isDict(message)) throw invalid('messages', 'an array of objects');
    textMember(message, 'role');
    return message;
  });
}

/** In the order of the fields of vLLM's model of a tool; what it does not know is left out, what it misses is null. */
function readTools(body: Dict): List | null {
  const tools = optionalList(body, 'tools');
  if (tools?.length === 0) throw invalid('tools', 'an array with at least one tool');
  return tools === null ? null : tools.map(readTool);
}

function readTool(tool: Value): Dict {
  const described = isDict(tool) ? optionalDict(tool, 'function') : null;
  if (!isDict(tool) || described === null) throw invalid('tools', 'an array of functions');
  if (tool.has('type') && tool.get('type') !== 'function') throw invalid('tools', 'an array of functions');
  const defersLoading = optionalFlag(tool, 'defer_loading');
  const read = new Map<Key, Value>([
    ['type', 'function'],
    ['function', readFunction(described, defersLoading)],
  ]);
  if (defersLoading !== null) read.set('defer_loading', defersLoading);
  return read;
}

function readFunction(described: Dict, toolDefersLoading: boolean | null): Dict {
  const read = new Map<Key, Value>([
    ['name', textMember(described, 'name')],
    ['description', optionalText(described, 'description')],
    ['parameters', optionalDict(described, 'parameters')],
  ]);
  const isStrict = optionalFlag(described, 'strict');
  if (isStrict !== null) read.set('strict', isStrict);
  const defersLoading = optionalFlag(described, 'defer_loading') ?? toolDefersLoading;
  if (defersLoading !== null) read.set('defer_loading', defersLoading);
  return read;
}

function optionalFlag(fields: Dict, name: string): boolean | null {
  const value = fields.get(name) ?? null;
  return value === null ? null : flagOf(value, name);
}

const EFFORTS = new Set<Value>(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max']);
/** What `apply_chat_template` keeps for itself. */
const CONSUMED = [
  ...[
    'add_generation_prompt',
    'chat_template',
    'continue_final_message',
    'max_length',
    'padding',
    'return_dict',
  ],
  ...['return_assistant_tokens_mask', 'return_tensors', 'tokenize', 'tokenizer_kwargs', 'truncation'],
];

/** The server's variables, over them the request's, over them what its own fields say. */
function readVariables(body: Dict, given: Dict, defaults: Dict): ReadonlyMap<string, Value> {
  refuseVariables(given);
  const own = new Map<string, Value>();
  const documents = readDocuments(body);
  if (documents !== null) own.set('documents', documents);
  const effort = body.get('reasoning_effort') ?? null;
  if (effort !== null) {
    if (!EFFORTS.has(effort)) throw invalid('reasoning_effort', 'one of the known efforts');
    own.set('reasoning_effort', effort);
    if (!given.has('enable_thinking')) own.set('enable_thinking', effort !== 'none');
  }
  const variables = new Map<string, Value>();
  for (const [name, value] of defaults) variables.set(String(name), value);
  for (const [name, value] of [...given, ...own]) {
    // Null and "auto" count as not given.
    if (value !== null && value !== 'auto') variables.set(String(name), value);
  }
  for (const name of CONSUMED) variables.delete(name);
  return variables;
}

function refuseVariables(given: Dict): void {
  for (const name of [
    'conversation',
    'messages',
    'model_config',
    'tokenizer',
    'return_assistant_tokens_mask',
  ]) {
    if (given.has(name)) throw new RequestInvalidError(`'chat_template_kwargs' must not have '${name}'`);
  }
  if ((given.get('chat_template') ?? null) !== null)
    throw new UnsupportedError('a template among template variables');
  if (given.get('tokenize') === true) throw new UnsupportedError('tokenizing inside of a template');
}

function readDocuments(body: Dict): List | null {
  const documents = optionalList(body, 'documents');
  const areTexts = (document: Value): boolean =>
    isDict(document) && [...document.values()].every((value) => typeof value === 'string');
  if (documents?.every(areTexts) === false) throw invalid('documents', 'an array of objects with strings');
  return documents;
}

function toolsVariable(value: Value): List {
  if (Array.isArray(value) && value.every((tool) => isDict(tool as Value))) return value as List;
  throw invalid('chat_template_kwargs.tools', 'an array of objects');
}

function readTruncation(body: Dict): EngineChatRequest['truncation'] {
  const tokens = optionalInteger(body, 'truncate_prompt_tokens');
  // -1 is the model's context, beyond which nothing is served anyway.
  if (tokens === null || tokens === -1) return null;
  if (tokens < -1) throw invalid('truncate_prompt_tokens', '-1 or more');
  const side = optionalText(body, 'truncation_side');
  return { tokens, keeps: side === 'right' ? 'first' : 'last' };
}
