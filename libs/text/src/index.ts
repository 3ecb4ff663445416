export { byteSymbols } from './byte-symbols.js';
export { TextError, textErrors } from './errors.js';
export type { TextErrorCode } from './errors.js';
export { mockTokenizerPath } from './mock-tokenizer.js';
export type { StreamDecoder } from './stream-decoder.js';
export { createTextService } from './text-service.js';
export type { EncodeOptions, EncodeTextOptions, TextService, TextServiceOptions } from './text-service.js';
export type { ChatFields } from './worker-messages.js';
export type { TextStats } from './text-workers.js';
