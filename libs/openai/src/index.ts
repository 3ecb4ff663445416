export { readErrorPayload } from './error-payload.js';
export { errorBody, openAiError, openAiErrors, readEngineError } from './errors.js';
export type { OpenAiError, OpenAiErrorBody, OpenAiErrorCode, OpenAiErrorType } from './errors.js';
export { readJsonBody } from './json-body.js';
export type { JsonBody, JsonBodyReading } from './json-body.js';
export { scanMembers } from './json-members.js';
export type { JsonMember } from './json-members.js';
export { spliceJson } from './json-splice.js';
export type { JsonChanges } from './json-splice.js';
export { parseChatRequest } from './parse-chat-request.js';
export { parseCompletionRequest, PROMPTS_PER_REQUEST_MAX } from './parse-completion-request.js';
export { requestPaths } from './requests.js';
export type {
  ApiRequest,
  ChatMessage,
  ChatRequest,
  CompletionPrompt,
  CompletionRequest,
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
