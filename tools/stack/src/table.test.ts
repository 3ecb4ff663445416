import { describe, expect, it } from 'vitest';
import { formatReady, formatTable } from './table.js';

describe('formatTable()', () => {
  it('aligns columns and leaves no trailing blanks', () => {
    expect(
      formatTable([
        ['frontend', 'http://a', ''],
        ['x', 'y', 'note'],
      ]),
    ).toBe('frontend  http://a\nx         y         note');
  });
});

describe('formatReady()', () => {
  it('ends in a curl line that names the URL and the model', () => {
    const text = formatReady({
      url: 'http://127.0.0.1:8000',
      model: 'm',
      loraNames: ['sql'],
      parts: [{ what: 'frontend', where: 'http://127.0.0.1:8000', note: '' }],
    });
    expect(text).toContain('curl -N http://127.0.0.1:8000/v1/chat/completions');
    expect(text).toContain('"model":"m"');
    expect(text).toContain('models: m, sql ');
  });
});
