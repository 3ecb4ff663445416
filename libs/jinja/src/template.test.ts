import { readFileSync } from 'node:fs';
import { isDict, isList, parseJson, str } from '@kvasir/python-values';
import type { Dict, Value } from '@kvasir/python-values';
import { describe, expect, it } from 'vitest';
import { Template } from './template.js';

const surroundings = { strftimeNow: () => null };

/** Made by `tools/rendering/constructs.py` with Python's Jinja. */
const corpus = parseJson(readFileSync(new URL('../test/constructs.json', import.meta.url), 'utf8'));

function member(of: Value, name: string): Value {
  return isDict(of) ? of.get(name) : undefined;
}

const variables = member(corpus, 'variables') as Dict as ReadonlyMap<string, Value>;
const constructs = (member(corpus, 'constructs') as readonly Value[]).map((entry) => {
  const [source, result] = isList(entry) ? entry : [];
  return { source: str(source), text: member(result, 'text'), error: member(result, 'error') };
});

/** What Python renders and this library says it cannot; a new entry must be worth it. */
const UNSUPPORTED: readonly string[] = [
  "{{ 'abc'.encode() is defined }}",
  "{{ nums | select('odd') }}",
  "{{ 'x' | striptags }}",
  "{% include 'x' %}",
];

function outcomeOf(source: string): { readonly kind: string; readonly text: string } {
  try {
    return new Template(source).render(variables, surroundings);
  } catch (error) {
    return { kind: error instanceof Error ? error.constructor.name : 'thrown', text: '' };
  }
}

describe('Template', () => {
  it('has enough constructs to compare', () => {
    expect(constructs.length).toBeGreaterThanOrEqual(250);
  });

  it.each(constructs.filter(({ source }) => !UNSUPPORTED.includes(source)))(
    'renders as Python does: $source',
    ({ source, text, error }) => {
      const outcome = outcomeOf(source);
      if (error === undefined) expect(outcome).toEqual({ kind: 'text', text });
      else expect(['error', 'raised', 'TemplateSyntaxError']).toContain(outcome.kind);
    },
  );

  it.each(UNSUPPORTED)('says that it cannot render %s', (source) => {
    expect(constructs.map((construct) => construct.source)).toContain(source);
    expect(outcomeOf(source)).toMatchObject({ kind: 'unsupported', text: '' });
  });

  it('tells what had been written before a failure, and which kind it is', () => {
    const render = (source: string) => new Template(source).render(variables, surroundings);
    expect(render("{{ n }} {{ raise_exception('roles') }} z")).toEqual({
      kind: 'raised',
      text: '7 ',
      reason: 'roles',
    });
    expect(render('{{ n }} {{ n + none }}')).toMatchObject({ kind: 'error', text: '7 ' });
    expect(render("{{ n }} {{ 'x' | urlize }}")).toEqual({
      kind: 'unsupported',
      text: '7 ',
      reason: 'the filter urlize',
    });
  });

  it('is not supported rather than wrong when it calls itself for ever', () => {
    expect(outcomeOf('{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}')).toMatchObject({
      kind: 'unsupported',
    });
  });
});
