import { describe, expect, expectTypeOf, it } from 'vitest';
import { defineOptions, variableOf } from './options.js';
import type { OptionSpecs, OptionValues } from './options.js';

describe('defineOptions()', () => {
  it('infers the type of each value', () => {
    const table = defineOptions({
      program: 'prefill-router',
      summary: 'Chooses workers.',
      options: {
        endpoint: { kind: 'string', default: 'a.b.c', doc: '' },
        path: { kind: 'string', default: null, doc: '' },
        port: { kind: 'integer', default: 1, doc: '' },
        blockSize: { kind: 'integer', default: null, doc: '' },
        tracks: { kind: 'boolean', default: true, doc: '' },
        mode: { kind: 'choice', choices: ['kv', 'random'], default: 'kv', doc: '' },
        policy: { kind: 'choice', choices: ['x', 'y'], default: null, doc: '' },
        names: { kind: 'strings', default: [], doc: '' },
      },
    });
    expectTypeOf<OptionValues<(typeof table)['options']>>().toEqualTypeOf<{
      readonly endpoint: string;
      readonly path: string | null;
      readonly port: number;
      readonly blockSize: number | null;
      readonly tracks: boolean;
      readonly mode: 'kv' | 'random';
      readonly policy: 'x' | 'y' | null;
      readonly names: readonly string[];
    }>();
    expect(table.options.mode.default).toBe('kv');
  });

  const define = (options: OptionSpecs) => () =>
    defineOptions({ program: 'frontend', summary: 'Serves.', options });

  it('refuses two options with one flag', () => {
    expect(
      define({
        blockSize: { kind: 'integer', default: 1, doc: '', aliases: ['size'] },
        size: { kind: 'integer', default: 1, doc: '' },
      }),
    ).toThrow('Cannot define option size: --size belongs to blockSize');
    expect(define({ help: { kind: 'boolean', default: false, doc: '' } })).toThrow(TypeError);
  });

  it('refuses a default that the option itself would refuse', () => {
    expect(define({ mode: { kind: 'choice', choices: ['a'], default: 'b', doc: '' } })).toThrow(
      'not among its choices',
    );
    expect(define({ port: { kind: 'integer', default: 70_000, max: 65_535, doc: '' } })).toThrow(
      'out of its range',
    );
    expect(define({ port: { kind: 'integer', default: 0.5, doc: '' } })).toThrow('not whole');
    expect(define({ rate: { kind: 'number', default: Number.NaN, doc: '' } })).toThrow('out of its range');
  });
});

describe('variableOf()', () => {
  it('names program and option', () => {
    expect(variableOf('prefill-router', 'blockSize')).toBe('KVASIR_PREFILL_ROUTER_BLOCK_SIZE');
  });
});
