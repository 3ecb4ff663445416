import { describe, expect, it } from 'vitest';
import { readWorkerUrls } from './worker-urls.js';

const allows = (rules: readonly string[], url: string): boolean => {
  const reading = readWorkerUrls(rules);
  if (reading.kind === 'invalid') throw new Error(reading.problems.join('\n'));
  return reading.urls.allows(url);
};

describe('--worker-url-allow', () => {
  it.each<[readonly string[], string, boolean]>([
    [[], 'http://169.254.169.254/latest', true],
    [['10.0.0.0/8'], 'http://10.1.2.3:8000', true],
    [['10.0.0.0/8'], 'http://11.1.2.3:8000', false],
    [['10.0.0.0/8'], 'http://169.254.169.254', false],
    [['10.0.0.0/8:8000-8999'], 'http://10.1.2.3:8080', true],
    [['10.0.0.0/8:8000-8999'], 'http://10.1.2.3:22', false],
    [['10.0.0.0/8:8000'], 'http://10.1.2.3:8001', false],
    // Other spellings of an address are that address.
    [['10.0.0.0/8'], 'http://0x7f.1:8000', false],
    [['127.0.0.1'], 'http://2130706433:8000', true],
    [['10.0.0.0/8'], 'http://[::ffff:169.254.169.254]:80', false],
    [['[fd00::]/8'], 'http://[fd00::1]:8000', true],
    [['[fd00::]/8:8000'], 'http://[fd00::1]:8001', false],
    [['[::1]'], 'http://[0:0:0:0:0:0:0:1]:1', true],
    // Names are compared and never looked up.
    [['10.0.0.0/8'], 'http://localhost:8000', false],
    [['localhost'], 'http://LOCALHOST:8000', true],
    [['localhost'], 'http://localhost.:8000', true],
    [['*.gpu.example'], 'http://a.b.gpu.example:8000', true],
    [['*.gpu.example'], 'http://gpu.example:8000', false],
    [['*.gpu.example'], 'http://evil-gpu.example:8000', false],
    [['gpu.example'], 'http://gpu.example.evil.com', false],
    [['gpu.example'], 'http://gpu.example@evil.com', false],
    [['gpu.example:443'], 'https://gpu.example', true],
    [['gpu.example:443'], 'http://gpu.example', false],
    [['a', '10.0.0.1:80'], 'http://10.0.0.1', true],
    [['a'], 'not a url', false],
  ])('%j: %s is %s', (rules, url, isAllowed) => {
    expect(allows(rules, url)).toBe(isAllowed);
  });

  it.each([
    '',
    '10.0.0.0/33',
    '[::1]/129',
    'http://a',
    'a:0-99999',
    'a:9-8',
    'a/8',
    '*',
    'a*b',
    '10.0.0.0/x',
  ])('refuses %j by name', (rule) => {
    const reading = readWorkerUrls(['good', rule]);
    expect(reading).toMatchObject({ kind: 'invalid' });
    expect(reading.kind === 'invalid' && reading.problems).toHaveLength(1);
  });
});
