import { describe, expect, it } from 'vitest';
import { createLogger } from './logger.js';

function capture(level: 'info' | 'silent') {
  const lines: string[] = [];
  const logger = createLogger({
    name: 'test',
    level,
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
});
