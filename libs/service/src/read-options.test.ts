import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineOptions } from './options.js';
import { readOptions } from './read-options.js';
import type { OptionSources } from './read-options.js';

const table = defineOptions({
  program: 'prefill-router',
  summary: 'Chooses workers.',
  options: {
    endpoint: { kind: 'string', default: 'kvasir.prefill.generate', doc: '' },
    blockSize: {
      kind: 'integer',
      default: null,
      min: 1,
      max: 1024,
      unit: 'tokens',
      aliases: ['router-block-size'],
      doc: '',
    },
    temperature: { kind: 'number', default: 0, min: 0, doc: '' },
    trackActiveBlocks: { kind: 'boolean', default: true, doc: '' },
    mode: { kind: 'choice', choices: ['kv', 'random'], default: 'kv', doc: '' },
    taints: { kind: 'strings', default: ['none'], doc: '' },
  },
  check: (values) =>
    values.mode === 'random' && values.temperature > 0 ? ['--temperature needs --mode kv'] : [],
});

const read = (argv: readonly string[], env: OptionSources['env'] = {}) => readOptions(table, { argv, env });

function values(argv: readonly string[], env?: OptionSources['env']) {
  const reading = read(argv, env);
  if (reading.kind !== 'ok') throw new TypeError(`Cannot use the values: ${JSON.stringify(reading)}`);
  return reading.values;
}

function problems(argv: readonly string[], env?: OptionSources['env']): readonly string[] {
  const reading = read(argv, env);
  return reading.kind === 'invalid' ? reading.problems : [];
}

describe('readOptions()', () => {
  it('gives frozen defaults when nothing is set', () => {
    expect(values([])).toEqual({
      endpoint: 'kvasir.prefill.generate',
      blockSize: null,
      temperature: 0,
      trackActiveBlocks: true,
      mode: 'kv',
      taints: ['none'],
    });
    expect(Object.isFrozen(values([]))).toBe(true);
  });

  it('reads every form of a flag', () => {
    expect(
      values(['--block-size', '16', '--temperature=0.5', '--mode', 'kv', '--endpoint=x.y=z']).blockSize,
    ).toBe(16);
    expect(values(['--temperature=.5e1']).temperature).toBe(5);
    expect(values(['--endpoint=x.y=z']).endpoint).toBe('x.y=z');
    expect(values(['--router-block-size', '32']).blockSize).toBe(32);
    expect(values(['--no-track-active-blocks']).trackActiveBlocks).toBe(false);
    expect(values(['--track-active-blocks']).trackActiveBlocks).toBe(true);
    expect(values(['--track-active-blocks=false']).trackActiveBlocks).toBe(false);
    expect(values(['--taints', 'a, b', '--taints=c']).taints).toEqual(['a', 'b', 'c']);
  });

  it('prefers flags to variables and variables to defaults', () => {
    const env = { KVASIR_PREFILL_ROUTER_BLOCK_SIZE: '8', KVASIR_PREFILL_ROUTER_TRACK_ACTIVE_BLOCKS: 'false' };
    expect(values([], env)).toMatchObject({ blockSize: 8, trackActiveBlocks: false });
    expect(values(['--block-size=4', '--track-active-blocks'], env)).toMatchObject({
      blockSize: 4,
      trackActiveBlocks: true,
    });
    expect(values([], { KVASIR_PREFILL_ROUTER_BLOCK_SIZE: '' }).blockSize).toBeNull();
  });

  it('reports all problems together', () => {
    expect(
      problems(['--block-sise', '4', '--temperature', '-1', '--mode=x', 'stray', '--endpoint'], {
        KVASIR_PREFILL_ROUTER_MODE_: 'kv',
      }),
    ).toEqual([
      'Unknown flag --block-sise: did you mean --block-size?',
      'Unexpected argument "stray": settings are given as --flag value',
      '--endpoint needs a value',
      'Unknown variable KVASIR_PREFILL_ROUTER_MODE_: did you mean KVASIR_PREFILL_ROUTER_MODE?',
      '--temperature must be a number of at least 0, received "-1"',
      '--mode must be one of kv, random, received "x"',
    ]);
  });

  it.each([
    ['--block-size', '0', 'a whole number of tokens from 1 to 1024'],
    ['--block-size', '1025', 'a whole number of tokens from 1 to 1024'],
    ['--block-size', '1.5', 'a whole number of tokens from 1 to 1024'],
    ['--block-size', '1e2', 'a whole number of tokens from 1 to 1024'],
    ['--block-size', '', 'a whole number of tokens from 1 to 1024'],
    ['--block-size', '99999999999999999999', 'a whole number of tokens from 1 to 1024'],
    ['--temperature', 'NaN', 'a number of at least 0'],
    ['--temperature', 'Infinity', 'a number of at least 0'],
    ['--temperature', '1e999', 'a number of at least 0'],
    ['--temperature', '0x10', 'a number of at least 0'],
    ['--endpoint', '', 'a text that is not empty'],
  ])('refuses %s %j', (flag, text, wanted) => {
    expect(problems([`${flag}=${text}`])).toEqual([
      `${flag} must be ${wanted}, received ${JSON.stringify(text)}`,
    ]);
  });

  it('refuses a boolean that is neither true nor false, and a value for --no-x', () => {
    expect(problems(['--track-active-blocks=yes'])).toEqual([
      '--track-active-blocks must be true or false, received "yes"',
    ]);
    expect(problems(['--no-track-active-blocks=true'])).toEqual([
      '--no-track-active-blocks takes no value, received "true"',
    ]);
    expect(problems(['--no-endpoint'])).toEqual(['Unknown flag --no-endpoint: did you mean --endpoint?']);
  });

  it('refuses a setting given twice, by one name or by two', () => {
    expect(problems(['--block-size=1', '--block-size=1'])).toEqual(['--block-size is given more than once']);
    expect(problems(['--block-size=1', '--router-block-size=1'])).toEqual([
      '--block-size and --router-block-size set the same option: give one of them',
    ]);
    expect(problems(['--track-active-blocks', '--no-track-active-blocks'])).toHaveLength(1);
  });

  it('takes variables of sibling programs and service links for what they are', () => {
    expect(
      problems([], {
        KVASIR_FRONTEND_HTTP_PORT: '1',
        KVASIR_PREFILL_ROUTER_SERVICE_HOST: '10.0.0.1',
        KVASIR_PREFILL_ROUTER_SERVICE_PORT_GRPC: '9000',
        KVASIR_PREFILL_ROUTER_PORT: 'tcp://10.0.0.1:9000',
        KVASIR_PREFILL_ROUTER_PORT_9000_TCP_ADDR: '10.0.0.1',
        PATH: '/bin',
      }),
    ).toEqual([]);
    expect(problems([], { KVASIR_PREFIL_ROUTER_MODE: 'kv' })).toEqual([
      'Unknown variable KVASIR_PREFIL_ROUTER_MODE: did you mean KVASIR_PREFILL_ROUTER_MODE?',
    ]);
    expect(problems([], { KVASIR_X: '1' })).toEqual([
      'Unknown variable KVASIR_X: --help lists all variables',
    ]);
  });

  it('checks rules over several options only when each is good by itself', () => {
    expect(problems(['--mode=random', '--temperature=1'])).toEqual(['--temperature needs --mode kv']);
    expect(problems(['--mode=random', '--temperature=x'])).toHaveLength(1);
  });

  it('answers --help before anything else, then --version', () => {
    expect(read(['--wrong', '--version', '--help']).kind).toBe('help');
    expect(read(['--wrong', '--version']).kind).toBe('version');
    expect(read(['-h']).kind).toBe('help');
  });

  it('never throws and always says why, whatever the arguments', () => {
    const argument = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '--block-size',
        '--taints',
        '--no-track-active-blocks',
        '--mode=kv',
        '--',
        '-',
        '--=',
        '--no-',
      ),
    );
    fc.assert(
      fc.property(fc.array(argument), fc.dictionary(fc.string(), fc.string()), (argv, env) => {
        const reading = read(argv, env);
        if (reading.kind === 'invalid') expect(reading.problems.length).toBeGreaterThan(0);
      }),
    );
  });

  it('quotes only the beginning of a long value', () => {
    expect(problems([`--mode=${'x'.repeat(10_000)}`])[0]?.length).toBeLessThan(200);
  });
});
