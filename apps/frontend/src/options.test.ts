import { readOptions } from '@kvasir/service';
import { describe, expect, it } from 'vitest';
import { frontendConfig, textWorkersFor } from './config.js';
import { frontendOptions } from './options.js';

const read = (argv: readonly string[], env: Record<string, string> = {}) =>
  readOptions(frontendOptions, { argv, env });

describe('frontendOptions', () => {
  it('has defaults that make a configuration', () => {
    const reading = read([]);
    if (reading.kind !== 'ok') throw new TypeError('the defaults are wrong');
    expect(frontendConfig(reading.values)).toMatchObject({
      http: { host: '127.0.0.1', port: 8000 },
      namespace: 'kvasir',
      disaggregation: { isEnforced: false },
      intake: { bodies: { bodyBytesMax: 16_777_216 } },
      scheduler: { mode: 'kv' },
    });
  });

  it.each(['{', '[1]', 'null'])('refuses template variables that are no JSON object: %s', (json) => {
    const reading = read(['--default-chat-template-kwargs', json]);
    if (reading.kind !== 'ok') throw new TypeError('the options are wrong');
    expect(() => frontendConfig(reading.values)).toThrow(
      /--default-chat-template-kwargs must be a JSON object/,
    );
  });

  it('takes flags over variables', () => {
    const reading = read(['--router-mode', 'random'], {
      KVASIR_FRONTEND_ROUTER_MODE: 'round-robin',
      KVASIR_FRONTEND_REQUESTS_MAX: '5',
    });
    expect(reading).toMatchObject({ kind: 'ok', values: { routerMode: 'random', requestsMax: 5 } });
  });

  it.each([
    [['--http-prot', '1'], /Unknown flag --http-prot/],
    [['--router-mode', 'best'], /--router-mode must be one of/],
    [['--renderer-url', 'gpu-1:8000'], /--renderer-url must be a URL/],
    [['--renderer-url', 'http://r', '--tokenizer', 'local'], /asked by nobody with --tokenizer local/],
    [['--namespace', 'a.b'], /--namespace must be one part/],
    [['--body-bytes-max', '-1'], /--body-bytes-max must be a whole number of bytes/],
  ])('refuses %j with one sentence', (argv, sentence) => {
    const reading = read(argv);
    if (reading.kind !== 'invalid') throw new TypeError('it was taken');
    expect(reading.problems).toHaveLength(1);
    expect(reading.problems[0]).toMatch(sentence);
  });
});

describe('textWorkersFor()', () => {
  it.each([
    [1, 1],
    [7, 1],
    [8, 2],
    [64, 4],
  ])('makes of %i cores %i threads', (cores, threads) => {
    expect(textWorkersFor(cores)).toBe(threads);
  });
});
