import { isDict, isList, parseJson, UnsupportedError } from '@kvasir/python-values';
import type { Dict, Key, List, Value } from '@kvasir/python-values';
import type { ContentFormat } from '../rendering/content-format.js';
import type { TemplateMessage } from './chat-request.js';
import { invalid, textMember } from './members.js';
import { isMedia, readPart, withoutBillingHeader } from './vllm-parts.js';

/** The conversation as vLLM 0.32 hands it to a template. */
export interface VllmConversation {
  readonly messages: readonly TemplateMessage[];
  /** Index of the first message with an image, a sound or a video; null when there is none. */
  readonly firstMedia: number | null;
}

/** @throws RequestInvalidError, UnsupportedError */
export function readVllmMessages(messages: readonly Dict[], format: ContentFormat): VllmConversation {
  const firstMedia = messages.findIndex((message) => contentParts(message).some(isMedia));
  return {
    messages: messages.map((message) => readMessage(message, format)),
    firstMedia: firstMedia < 0 ? null : firstMedia,
  };
}

function contentParts(message: Dict): List {
  const content = message.get('content');
  return isList(content) ? content : [];
}

function readMessage(message: Dict, format: ContentFormat): TemplateMessage {
  const role = textMember(message, 'role');
  checkName(message, role);
  const parts = readContent(message, role);
  const read = new Map<string, Value>([
    ['role', role],
    ['content', contentFor(format, role === 'system' ? withoutBillingHeader(parts) : parts)],
  ]);
  if (role === 'assistant') addAssistantMembers(read, message);
  if (role === 'tool') addToolMembers(read, message);
  const [name, task] = [message.get('name'), message.get('task')];
  if (typeof name === 'string') read.set('name', name);
  if (typeof task === 'string') read.set('task', task);
  if (role === 'developer') {
    const tools = message.get('tools') ?? null;
    if (tools !== null) throw new UnsupportedError('tools of a developer message');
    read.set('tools', null);
  }
  return read;
}

/** A name must be a text where vLLM's model of the message has one; a tool's answer has none. */
function checkName(message: Dict, role: string): void {
  if (role !== 'tool' && message.has('name')) textMember(message, 'name');
}

function readContent(message: Dict, role: string): List {
  const content = message.get('content');
  if (content === undefined) return [];
  if (content === null && (role === 'assistant' || role === 'function')) return [];
  if (typeof content === 'string')
    return [
      new Map<Key, Value>([
        ['type', 'text'],
        ['text', content],
      ]),
    ];
  if (isList(content)) return content;
  throw invalid('messages.content', 'a string or an array of parts');
}

function contentFor(format: ContentFormat, parts: List): Value {
  const read = parts.map(readPart).filter((part) => part !== null);
  if (format === 'openai') return read.map(({ inParts }) => inParts);
  // Empty texts leave no empty line.
  return read
    .map(({ text }) => text)
    .filter((text) => text !== null && text !== '')
    .join('\n');
}

function addAssistantMembers(read: Map<string, Value>, message: Dict): void {
  const calls = message.get('tool_calls') ?? null;
  if (calls !== null && !isList(calls)) throw invalid('messages.tool_calls', 'an array');
  // An empty list would take templates off their usual way.
  if (calls !== null && calls.length > 0) read.set('tool_calls', calls.map(readCall));
  const reasoning = message.get('reasoning') ?? message.get('reasoning_content') ?? null;
  if (reasoning === null) return;
  read.set('reasoning', reasoning);
  read.set('reasoning_content', reasoning);
}

/** With the members in the order of vLLM's model of a call, those that it does not know behind them. */
function readCall(call: Value): Dict {
  const called = isDict(call) ? call.get('function') : undefined;
  if (!isDict(call) || !isDict(called) || call.get('type') !== 'function') {
    throw invalid('messages.tool_calls', 'an array of calls of functions');
  }
  const described = new Map<Key, Value>([
    ['arguments', readArguments(textMember(called, 'arguments'))],
    ['name', textMember(called, 'name')],
  ]);
  const read = new Map<Key, Value>([
    ['id', textMember(call, 'id')],
    ['function', described],
    ['type', 'function'],
  ]);
  addOthers(described, called);
  addOthers(read, call);
  return read;
}

function addOthers(read: Map<Key, Value>, from: Dict): void {
  for (const [name, value] of from) if (!read.has(name)) read.set(name, value);
}

/** Templates want an object: what is none, or no JSON, becomes an empty one. */
function readArguments(text: string): Value {
  try {
    const value = parseJson(text);
    return isDict(value) ? value : new Map<Key, Value>();
  } catch {
    return new Map<Key, Value>();
  }
}

function addToolMembers(read: Map<string, Value>, message: Dict): void {
  if (message.has('tool_call_id')) read.set('tool_call_id', message.get('tool_call_id'));
  const content = read.get('content');
  if (!isList(content)) return;
  const parts = content as readonly Dict[];
  // Most templates expect a text here; parts that only they can expand stay.
  if (parts.some((part) => part.get('type') !== 'text')) return;
  read.set('content', parts.map((part) => part.get('text') as string).join('\n'));
}
