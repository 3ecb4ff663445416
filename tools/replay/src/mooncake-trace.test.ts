import { describe, expect, it } from 'vitest';
import { readMooncakeTrace } from './mooncake-trace.js';

const line = (fields: object): string =>
  JSON.stringify({ timestamp: 100, input_length: 600, output_length: 5, hash_ids: [0, 7], ...fields });

const INPUT_WANTED = 'line 2: input_length must be a whole number of tokens from 1, received';
const IDS_WANTED = 'line 2: hash_ids must be a list of whole numbers from 0 to 4294967295';

describe('readMooncakeTrace()', () => {
  it('reads requests relative to the first, as many as wanted', () => {
    const text = [line({}), '', line({ timestamp: 350 }), line({ timestamp: 900 })].join('\n');
    expect(readMooncakeTrace(text, 2)).toEqual({
      kind: 'ok',
      requests: [
        { arrivalMs: 0, inputTokens: 600, outputTokens: 5, blockIds: [0, 7] },
        { arrivalMs: 250, inputTokens: 600, outputTokens: 5, blockIds: [0, 7] },
      ],
    });
  });

  it.each([
    ['{"timestamp": 1', 'line 2: it is no JSON object'],
    ['[1]', 'line 2: it is no JSON object'],
    [line({ timestamp: undefined }), 'line 2: timestamp must be ms, received nothing'],
    [line({ input_length: 0 }), `${INPUT_WANTED} 0`],
    [line({ input_length: 600.5 }), `${INPUT_WANTED} 600.5`],
    [
      line({ output_length: '5' }),
      'line 2: output_length must be a whole number of tokens from 1, received "5"',
    ],
    [line({ hash_ids: [1] }), 'line 2: hash_ids must be 2 ids for an input_length of 600, received 1'],
    [line({ hash_ids: [1, 'x'] }), IDS_WANTED],
    [line({ hash_ids: [1, 2 ** 32] }), IDS_WANTED],
    [line({ timestamp: 50 }), 'line 2: timestamp 50 is before the line above'],
  ])('refuses a bad line (%s)', (bad, problem) => {
    expect(readMooncakeTrace(`${line({})}\n${bad}\n`, 100)).toEqual({ kind: 'invalid', problem });
  });

  it('refuses an empty file', () => {
    expect(readMooncakeTrace('\n', 10)).toEqual({ kind: 'invalid', problem: 'the trace has no requests' });
  });
});
