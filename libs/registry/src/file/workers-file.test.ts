import { describe, expect, it } from 'vitest';
import { readWorkersFile } from './workers-file.js';

const WORKER = `
workers:
  - { workerId: gpu-1, endpoint: kvasir.decode.generate, url: 'http://gpu-1:8000', model: m, blockSize: 16, contextTokensMax: 8192 }
`;

describe('readWorkersFile()', () => {
  it('fills in what need not be said', () => {
    expect(readWorkersFile(WORKER)).toMatchObject({
      kind: 'ok',
      routers: [],
      workers: [
        {
          workerId: 'gpu-1',
          endpoint: { component: 'decode' },
          dialect: 'vllm',
          role: 'both',
          publishesKvEvents: false,
          incarnation: 'file http://gpu-1:8000',
        },
      ],
    });
  });

  it('names every problem at once', () => {
    const reading = readWorkersFile(`
pools: []
workers:
  - { workerId: a, endpoint: decode }
  - 7
  - { workerId: b, endpoint: kvasir.decode.generate, url: 'ftp://x', model: m, blockSize: 0, contextTokensMax: 1 }
routers:
  - { routerId: r, endpoint: kvasir.prefill.generate }
`);
    if (reading.kind !== 'invalid') throw new Error('it must be refused');
    expect(reading.problems).toHaveLength(5);
    expect(reading.problems.join('\n')).toMatch(
      /"pools" is neither[^]*workers\[0\][^]*workers\[1\][^]*url[^]*blockSize[^]*routers\[0\].*address/,
    );
  });

  it.each([['['], ['7'], ['workers: 3']])('refuses %j', (text) => {
    expect(readWorkersFile(text).kind).toBe('invalid');
  });

  it('says which role a worker cannot have', () => {
    const reading = readWorkersFile(WORKER.replace('model: m', 'model: m, dialect: sglang, role: prefill'));
    expect(reading).toMatchObject({ kind: 'invalid' });
    if (reading.kind === 'invalid')
      expect(reading.problems[0]).toMatch(/sglang engines cannot have the role/);
  });

  it('refuses two of one name', () => {
    const reading = readWorkersFile(`${WORKER}${WORKER.split('\n')[2] ?? ''}`);
    expect(reading).toEqual({ kind: 'invalid', problems: ['two workers are called "gpu-1"'] });
  });
});
