import type { OpenAiError } from '@kvasir/openai';
import { recordLogger } from '@kvasir/service';
import type { Logger } from '@kvasir/service';
import type { RequestRecord } from './serving/request-record.js';

/** Lines per second that are written for requests that went well; the others are counted into the next one. Failures are always written. */
export const LOG_LINES_PER_SECOND_MAX = 100;

/** One structured line per finished request, sampled at a high rate. */
export class RequestLog {
  readonly #logger: Logger;
  #windowStartMs = 0;
  #linesInWindow = 0;
  #skippedLines = 0;

  constructor(logger: Logger) {
    this.#logger = recordLogger(logger);
  }

  /** @param error what the client was told, or would have been. */
  write(record: RequestRecord, status: number, error: OpenAiError | null, nowMs: number): void {
    const isFault = status >= 500;
    if (!isFault && (!this.#logger.isLevelEnabled('info') || this.#isSampledOut(nowMs))) return;
    const line = {
      requestId: record.requestId,
      endpoint: record.endpoint,
      model: record.model,
      status,
      code: error?.code ?? null,
      mode: record.mode,
      prefillWorkerId: record.prefillWorkerId,
      decodeWorkerId: record.decodeWorkerId,
      attempts: record.attempts,
      overlapBlocks: record.overlapBlocks,
      promptTokens: record.promptTokens,
      cachedTokens: record.cachedTokens,
      outputTokens: record.outputTokens,
      ttftMs: record.firstTokenMs === null ? null : rounded(record.firstTokenMs - record.startMs),
      durationMs: rounded(nowMs - record.startMs),
      skippedLines: this.#skippedLines,
    };
    this.#skippedLines = 0;
    if (isFault) this.#logger.warn(line, 'request finished');
    else this.#logger.info(line, 'request finished');
  }

  #isSampledOut(nowMs: number): boolean {
    if (nowMs - this.#windowStartMs >= 1000) {
      this.#windowStartMs = nowMs;
      this.#linesInWindow = 0;
    }
    this.#linesInWindow += 1;
    if (this.#linesInWindow <= LOG_LINES_PER_SECOND_MAX) return false;
    this.#skippedLines += 1;
    return true;
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
