import { readJsonBody } from './json-body.js';
import { isRecord, RequestFields, typeName } from './request-fields.js';
import type { ChatMessage, ChatRequest, RequestReading } from './requests.js';
import { readCommonFields } from './routed-fields.js';

/**
 * Reads a body of `/v1/chat/completions` as far as routing needs it. Fields that the engine alone understands are not looked at.
 * @param bytes kept by the request; not to be changed afterwards.
 * @param onlyModel the model of a request that names none, as engines take it; null refuses such a request.
 */
export function parseChatRequest(
  bytes: Uint8Array,
  onlyModel: string | null = null,
): RequestReading<ChatRequest> {
  const reading = readJsonBody(bytes);
  if (reading.kind === 'invalid') return reading;
  const { body } = reading;
  const fields = new RequestFields(body.fields);
  const common = readCommonFields(fields, 1, onlyModel);
  const messages = readMessages(fields);
  const tools = fields.list('tools');
  const addsGenerationPrompt = fields.flag('add_generation_prompt', true);
  const templateVariables = fields.record('chat_template_kwargs');
  if (fields.error !== null) return { kind: 'invalid', error: fields.error };
  return {
    kind: 'ok',
    request: { kind: 'chat', ...common, messages, tools, addsGenerationPrompt, templateVariables, body },
  };
}

function readMessages(fields: RequestFields): readonly ChatMessage[] {
  if (!fields.has('messages')) {
    fields.reject('missing_required_parameter', `'messages' is required`, 'messages');
    return [];
  }
  const messages = fields.list('messages') ?? [];
  if (messages.length === 0) {
    fields.reject('invalid_value', `'messages' must have at least one message`, 'messages');
  }
  for (let index = 0; index < messages.length && fields.error === null; index += 1) {
    checkMessage(fields, messages[index], `messages[${index}]`);
  }
  // Checked above; on a problem nobody reads them.
  return messages as readonly ChatMessage[];
}

function checkMessage(fields: RequestFields, message: unknown, param: string): void {
  if (!isRecord(message)) {
    fields.reject('invalid_type', `'${param}' must be an object, received ${typeName(message)}`, param);
    return;
  }
  const { role, content } = message;
  if (typeof role !== 'string' || role === '') {
    const problem =
      role === undefined || role === '' ? 'is required' : `must be a string, received ${typeName(role)}`;
    const code = role === undefined || role === '' ? 'missing_required_parameter' : 'invalid_type';
    fields.reject(code, `'${param}.role' ${problem}`, `${param}.role`);
    return;
  }
  if (content === undefined || content === null || typeof content === 'string') return;
  if (!Array.isArray(content)) {
    fields.reject(
      'invalid_type',
      `'${param}.content' must be a string or an array of parts, received ${typeName(content)}`,
      `${param}.content`,
    );
    return;
  }
  checkParts(fields, content, `${param}.content`);
}

function checkParts(fields: RequestFields, parts: readonly unknown[], param: string): void {
  parts.forEach((part, index) => {
    if (isRecord(part) || typeof part === 'string') return;
    fields.reject(
      'invalid_type',
      `'${param}[${index}]' must be a content part, received ${typeName(part)}`,
      `${param}[${index}]`,
    );
  });
}
