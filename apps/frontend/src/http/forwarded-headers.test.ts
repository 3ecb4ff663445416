import { createLogger } from '@kvasir/service';
import { describe, expect, it } from 'vitest';
import { ForwardedHeaders } from './forwarded-headers.js';

const clients = { authorization: 'Bearer key', traceparent: '00-1', cookie: 'c' };

function forwarding(trustsWorkers: boolean): { lines: string[]; headers: ForwardedHeaders } {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line) };
  const logger = createLogger({ name: 'test', level: 'info', destination });
  return {
    lines,
    headers: new ForwardedHeaders({
      names: ['authorization', 'traceparent', 'tracestate', 'anthropic-version', 'anthropic-beta'],
      trustsWorkers,
      logger,
    }),
  };
}

describe('ForwardedHeaders', () => {
  it('passes Authorization on to workers that are known to be ours', () => {
    const { lines, headers } = forwarding(true);
    expect(headers.of(clients)).toEqual(['authorization', 'Bearer key', 'traceparent', '00-1']);
    expect(lines).toEqual([]);
  });

  it('leaves it out for others, and says so once, without the key', () => {
    const { lines, headers } = forwarding(false);
    for (let time = 0; time < 3; time += 1) expect(headers.of(clients)).toEqual(['traceparent', '00-1']);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('--plane-secret-file');
    expect(lines[0]).not.toContain('Bearer');
  });
});
