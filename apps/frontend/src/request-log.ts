import type { OpenAiError } from '@kvasir/openai';
import { recordLogger } from '@kvasir/service';
import type { Logger } from '@kvasir/service';
import { LineRate } from './line-rate.js';
import type { RequestRecord } from './serving/request-record.js';

/** Lines per second that are written for requests that went well; the others are counted into the next one. */
export const LOG_LINES_PER_SECOND_MAX = 100;
/** The same for requests that failed by a fault of ours or of an engine: an engine that is down fails all that come. */
export const FAULT_LINES_PER_SECOND_MAX = 20;

/** One structured line per finished request, sampled at a high rate: those that went well and those that failed apart. */
export class RequestLog {
  readonly #logger: Logger;
  readonly #finished = new LineRate(LOG_LINES_PER_SECOND_MAX);
  readonly #faults = new LineRate(FAULT_LINES_PER_SECOND_MAX);

  constructor(logger: Logger) {
    this.#logger = recordLogger(logger);
  }

  /** @param error what the client was told, or would have been. */
  write(record: RequestRecord, status: number, error: OpenAiError | null, nowMs: number): void {
    const isFault = status >= 500;
    if (!this.#logger.isLevelEnabled(isFault ? 'warn' : 'info')) return;
    const skippedLines = (isFault ? this.#faults : this.#finished).take(nowMs);
    if (skippedLines === null) return;
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
      skippedLines,
    };
    if (isFault) this.#logger.warn(line, 'request finished');
    else this.#logger.info(line, 'request finished');
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
