import { JsonBodyReader } from './json-body-reader.js';
import type { JsonBody } from './json-body.js';
import { CLOSE_BRACKET, skipSpace } from './json-members.js';
import { RequestFields } from './request-fields.js';
import { REQUEST_LIMITS } from './request-limits.js';
import type { RequestLimits } from './request-limits.js';
import { readAllSteps } from './request-reading.js';
import type { RequestReadingOptions } from './request-reading.js';
import type { ChatRequest, RequestReader, RequestReading } from './requests.js';
import { readCommonFields } from './routed-fields.js';

/**
 * Reads a body of `/v1/chat/completions` as far as routing needs it. Messages, tools and fields that the engine alone understands are not looked into:
 * they are checked to be JSON and stay bytes.
 * @param bytes kept by the request; not to be changed afterwards.
 */
export function parseChatRequest(
  bytes: Uint8Array,
  options: RequestReadingOptions = {},
): RequestReading<ChatRequest> {
  return readAllSteps(chatRequestReader(bytes, options));
}

/** As `parseChatRequest`, in steps. */
export function chatRequestReader(
  bytes: Uint8Array,
  { limits = REQUEST_LIMITS, onlyModel = null }: RequestReadingOptions = {},
): RequestReader<ChatRequest> {
  const reader = new JsonBodyReader(bytes, limits);
  return {
    get bytesLeft() {
      return reader.bytesLeft;
    },
    step(bytesMax) {
      const reading = reader.step(bytesMax);
      return reading?.kind === 'ok' ? readFields(reading.body, limits, onlyModel) : reading;
    },
  };
}

function readFields(
  body: JsonBody,
  limits: RequestLimits,
  onlyModel: string | null,
): RequestReading<ChatRequest> {
  const fields = new RequestFields(body);
  const common = readCommonFields(fields, limits, { outputTokensMin: 1, onlyModel });
  const messages = readMessages(fields);
  const tools = fields.rawList('tools');
  const addsGenerationPrompt = fields.flag('add_generation_prompt', true);
  const templateVariables = fields.rawRecord('chat_template_kwargs');
  if (fields.error !== null) return { kind: 'invalid', error: fields.error };
  return {
    kind: 'ok',
    request: { kind: 'chat', ...common, messages, tools, addsGenerationPrompt, templateVariables, body },
  };
}

function readMessages(fields: RequestFields): Buffer {
  if (!fields.has('messages')) {
    fields.reject('missing_required_parameter', `'messages' is required`, 'messages');
  }
  const messages = fields.rawList('messages') ?? NO_MESSAGES;
  if (messages[skipSpace(messages, 1)] === CLOSE_BRACKET) {
    fields.reject('invalid_value', `'messages' must have at least one message`, 'messages');
  }
  return messages;
}

const NO_MESSAGES = Buffer.from('[]');
