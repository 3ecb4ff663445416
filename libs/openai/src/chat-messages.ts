import { openAiError } from './errors.js';
import type { OpenAiError, OpenAiErrorCode } from './errors.js';
import { isRecord, typeName } from './request-fields.js';

/** One message of a conversation; further members are as the client sent them. */
export interface ChatMessage {
  readonly role: string;
  readonly content?: string | null | readonly unknown[];
  readonly [field: string]: unknown;
}

export type MessagesReading =
  | { readonly kind: 'ok'; readonly messages: readonly ChatMessage[] }
  | { readonly kind: 'invalid'; readonly error: OpenAiError };

/** Makes messages of the bytes in a `ChatRequest` and checks them as an engine does. For engines: who only routes leaves that to them. */
export function readChatMessages(json: Buffer): MessagesReading {
  const messages = JSON.parse(json.toString('utf8')) as readonly unknown[];
  for (const [index, message] of messages.entries()) {
    const error = messageProblem(message, `messages[${index}]`);
    if (error !== null) return { kind: 'invalid', error };
  }
  // Checked above.
  return { kind: 'ok', messages: messages as readonly ChatMessage[] };
}

function messageProblem(message: unknown, param: string): OpenAiError | null {
  if (!isRecord(message)) {
    return wrong('invalid_type', param, `must be an object, received ${typeName(message)}`);
  }
  const { role, content } = message;
  if (role === undefined || role === '') {
    return wrong('missing_required_parameter', `${param}.role`, 'is required');
  }
  if (typeof role !== 'string') {
    return wrong('invalid_type', `${param}.role`, `must be a string, received ${typeName(role)}`);
  }
  if (content === undefined || content === null || typeof content === 'string') return null;
  if (!Array.isArray(content)) {
    const wanted = 'a string or an array of parts';
    return wrong('invalid_type', `${param}.content`, `must be ${wanted}, received ${typeName(content)}`);
  }
  const parts: readonly unknown[] = content;
  const index = parts.findIndex((part) => !isRecord(part) && typeof part !== 'string');
  if (index < 0) return null;
  const received = `received ${typeName(parts[index])}`;
  return wrong('invalid_type', `${param}.content[${index}]`, `must be a content part, ${received}`);
}

function wrong(code: OpenAiErrorCode, param: string, problem: string): OpenAiError {
  return openAiError(code, `'${param}' ${problem}`, param);
}
