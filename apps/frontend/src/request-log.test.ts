import { openAiError } from '@kvasir/openai';
import { createLogger } from '@kvasir/service';
import { requestId, workerId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { FAULT_LINES_PER_SECOND_MAX, LOG_LINES_PER_SECOND_MAX, RequestLog } from './request-log.js';
import { RequestRecord } from './serving/request-record.js';

function openLog(level: 'info' | 'warn' = 'info') {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  return { lines, log: new RequestLog(createLogger({ name: 'test', level, destination })) };
}

const record = (): RequestRecord => new RequestRecord(requestId('r'), 'chat', 1000);

describe('RequestLog', () => {
  it('writes one line with what became of the request', () => {
    const { lines, log } = openLog();
    const done = record();
    done.model = 'm';
    done.mode = 'disaggregated';
    done.prefillWorkerId = workerId('p');
    done.firstTokenMs = 1012.345;
    done.addUsage({ promptTokens: 9, completionTokens: 4, cachedTokens: 8 });
    log.write(done, 200, null, 1050);
    expect(lines[0]).toMatchObject({
      level: 'info',
      msg: 'request finished',
      requestId: 'r',
      status: 200,
      mode: 'disaggregated',
      prefillWorkerId: 'p',
      promptTokens: 9,
      cachedTokens: 8,
      outputTokens: 4,
      ttftMs: 12.3,
      durationMs: 50,
      code: null,
    });
  });

  it('samples at a high rate and says how many lines it left out', () => {
    const { lines, log } = openLog();
    for (let index = 0; index < LOG_LINES_PER_SECOND_MAX + 7; index += 1)
      log.write(record(), 200, null, 5000);
    expect(lines).toHaveLength(LOG_LINES_PER_SECOND_MAX);
    log.write(record(), 200, null, 6000);
    expect(lines.at(-1)).toMatchObject({ skippedLines: 7 });
    log.write(record(), 200, null, 6001);
    expect(lines.at(-1)).toMatchObject({ skippedLines: 0 });
  });

  it('writes faults at a rate of their own, and how many it left out', () => {
    const { lines, log } = openLog();
    const fault = openAiError('worker_failed', 'x');
    for (let index = 0; index < 2 * LOG_LINES_PER_SECOND_MAX; index += 1) {
      log.write(record(), 200, null, 5000);
      log.write(record(), 502, fault, 5000);
    }
    const faults = (): Record<string, unknown>[] => lines.filter(({ level }) => level === 'warn');
    expect(faults()).toHaveLength(FAULT_LINES_PER_SECOND_MAX);
    expect(faults()[0]).toMatchObject({ code: 'worker_failed', skippedLines: 0 });
    log.write(record(), 502, fault, 6000);
    expect(lines.at(-1)).toMatchObject({
      level: 'warn',
      skippedLines: 2 * LOG_LINES_PER_SECOND_MAX - FAULT_LINES_PER_SECOND_MAX,
    });
  });

  it('writes faults where other requests are not logged', () => {
    const { lines, log } = openLog('warn');
    log.write(record(), 400, openAiError('invalid_value', 'x'), 5000);
    log.write(record(), 502, openAiError('worker_failed', 'x'), 5000);
    expect(lines).toHaveLength(1);
  });
});

describe('RequestRecord', () => {
  it('keeps what the prefill leg found cached', () => {
    const split = record();
    split.cachedTokens = 64;
    split.addUsage({ promptTokens: 100, completionTokens: 1, cachedTokens: 100 });
    expect(split.cachedTokens).toBe(64);
  });
});
