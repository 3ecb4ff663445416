import { describe, expect, it } from 'vitest';
import { createLogger, recordLogger } from './logger.js';
import { REPEAT_PERIOD_MS } from './repeated-lines.js';

function capture(level: 'info' | 'silent', nowMs: () => number = () => 0) {
  const lines: string[] = [];
  const logger = createLogger({
    name: 'test',
    level,
    nowMs,
    destination: { write: (line: string) => void lines.push(line) },
  });
  return { logger, lines };
}

describe('createLogger()', () => {
  it('writes one JSON object per line with the level as a word', () => {
    const { logger, lines } = capture('info');
    logger.info({ workerId: 'w1' }, 'worker appeared');
    logger.debug('not written');
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(line).toMatchObject({ level: 'info', name: 'test', workerId: 'w1', msg: 'worker appeared' });
    expect(Number.isNaN(Date.parse(String(line['time'])))).toBe(false);
  });

  it('writes errors with message and stack under `error`', () => {
    const { logger, lines } = capture('info');
    logger.error({ error: new TypeError('broken') }, 'call failed');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ error: { type: 'TypeError', message: 'broken' } });
  });

  it('writes nothing when silent', () => {
    const { logger, lines } = capture('silent');
    logger.fatal('x');
    expect(lines).toEqual([]);
  });

  it('cuts what is too long, and says how much', () => {
    const { logger, lines } = capture('info');
    const long = 'x'.repeat(100_000);
    const deep = JSON.parse('{"a":'.repeat(500) + '1' + '}'.repeat(500)) as unknown;
    logger.info({ long, list: new Array(1_000).fill(long), deep, bytes: Buffer.alloc(9) }, 'seen');
    logger.info({ error: new TypeError(long) }, 'failed');
    expect(lines.map((line) => line.length < 150_000)).toEqual([true, true]);
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(line['long']).toBe(`${'x'.repeat(1_024)}… (98976 more characters)`);
    expect(line['list']).toHaveLength(65);
    expect(line['bytes']).toBe('… (9 bytes)');
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ error: { type: 'TypeError' } });
    expect((lines[1] ?? '').length).toBeLessThan(4_000);
  });

  it('tells a warning that repeats once in a while, and how many it has withheld', () => {
    let nowMs = 0;
    const { logger, lines } = capture('info', () => nowMs);
    for (let count = 0; count < 5; count += 1) {
      logger.warn({ workerId: 'w', count }, 'leg failed');
      logger.info({ workerId: 'w', count }, 'leg done');
    }
    expect(lines.filter((line) => line.includes('leg failed'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('leg done'))).toHaveLength(5);
    nowMs = REPEAT_PERIOD_MS;
    logger.warn({ workerId: 'w', count: 5 }, 'leg failed');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ msg: 'leg failed', count: 5, withheld: 4 });
  });

  it('writes every line that is a record', () => {
    const { logger, lines } = capture('info');
    const records = recordLogger(logger);
    for (let count = 0; count < 3; count += 1) records.warn({ count }, 'request finished');
    expect(lines).toHaveLength(3);
  });
});
