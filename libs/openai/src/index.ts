export { readErrorPayload } from './error-payload.js';
export { errorBody, openAiError, openAiErrors, readEngineError } from './errors.js';
export type { OpenAiError, OpenAiErrorBody, OpenAiErrorCode, OpenAiErrorType } from './errors.js';
export { readChatMessages } from './chat-messages.js';
export type { ChatMessage, MessagesReading } from './chat-messages.js';
export { FIELD_BYTES_MAX } from './json-body.js';
export type { JsonBody } from './json-body.js';
export { readJsonBody } from './json-body-reader.js';
export type { JsonBodyReading } from './json-body-reader.js';
export { scanMembers } from './json-members.js';
export type { JsonMember } from './json-members.js';
export { spliceJson } from './json-splice.js';
export type { JsonChanges } from './json-splice.js';
export type { JsonWalkLimits } from './json-walk.js';
export { chatRequestReader, parseChatRequest } from './parse-chat-request.js';
export { completionRequestReader, parseCompletionRequest } from './parse-completion-request.js';
export type { RequestReadingOptions } from './request-reading.js';
export { REQUEST_LIMITS } from './request-limits.js';
export type { RequestLimits } from './request-limits.js';
export { relayedRequestReader } from './parse-relayed-request.js';
export { relayedPaths, requestPaths } from './requests.js';
export type {
  ApiRequest,
  ChatRequest,
  CompletionPrompt,
  CompletionRequest,
  PromptRequest,
  RelayedPath,
  RelayedRequest,
  RequestReader,
  RequestReading,
  RoutingHints,
} from './requests.js';
export type {
  ChatCompletion,
  ChatCompletionChunk,
  Completion,
  FinishReason,
  ModelCard,
  ModelList,
  Usage,
} from './responses.js';
export { EVENT_BYTES_MAX, SseScanner } from './sse-scanner.js';
export type { SseScannerOptions } from './sse-scanner.js';
export { patchUsage, readUsage } from './usage.js';
export type { TokenUsage, UsageReading } from './usage.js';
