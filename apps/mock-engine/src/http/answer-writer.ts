import type { FinishReason, Usage } from '@kvasir/openai';
import type { EngineError } from './engine-error.js';

/** Where the answer to one request goes. */
export interface AnswerWriter {
  /** The request was accepted. */
  opened(): void;
  text(choice: number, text: string): void;
  choiceEnded(choice: number, text: string, finishReason: FinishReason): void;
  /** All choices have ended. @param transfer `kv_transfer_params` for who fetches the blocks. */
  ended(usage: Usage, transfer: Readonly<Record<string, unknown>> | null): void;
  failed(error: EngineError): void;
}
