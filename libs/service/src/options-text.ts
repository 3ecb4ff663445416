import { flagOf, flagsOf, variableOf } from './options.js';
import type { OptionCatalog, OptionSpec } from './options.js';

const HELP_WIDTH = 80;
const INDENT = '      ';

/** The `--help` text: options under their groups, at most 80 columns wide. */
export function formatHelp(table: OptionCatalog): string {
  const lines = [...wrap(`${table.program}: ${table.summary}`, ''), '', `Usage: ${table.program} [flags]`];
  for (const [group, options] of byGroup(table)) {
    lines.push('', group);
    for (const [name, spec] of options) {
      lines.push(`  ${formatFlag(name, spec)}`);
      lines.push(...wrap(`${spec.doc} ${formatFacts(spec)}`, INDENT));
    }
  }
  lines.push(
    '',
    'Other',
    '  --help',
    `${INDENT}Prints this text.`,
    '  --version',
    `${INDENT}Prints the version.`,
  );
  const example = Object.keys(table.options)[0];
  if (example !== undefined) {
    const variable = variableOf(table.program, example);
    lines.push('', ...wrap(`Each flag can also be set by a variable, e.g. ${variable}; flags win.`, ''));
  }
  return `${lines.join('\n')}\n`;
}

/** One table row per option, for docs/config.md. */
export function formatOptionsMarkdown(table: OptionCatalog): string {
  const rows = [...byGroup(table).values()].flat().map(([name, spec]) => {
    const flags = flagsOf(name, spec)
      .map((flag) => `\`--${flag}\``)
      .join(', ');
    const cells = [
      flags,
      `\`${variableOf(table.program, name)}\``,
      describeKind(spec),
      describeDefault(spec),
      spec.doc,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return [
    `## ${table.program}`,
    '',
    table.summary,
    '',
    '| flag | variable | value | default | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

type NamedOption = readonly [string, OptionSpec];

function byGroup(table: OptionCatalog): ReadonlyMap<string, readonly NamedOption[]> {
  const groups = new Map<string, NamedOption[]>();
  for (const [name, spec] of Object.entries(table.options)) {
    const group = spec.group ?? 'Flags';
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [[name, spec]]);
    else members.push([name, spec]);
  }
  return groups;
}

function formatFlag(name: string, spec: OptionSpec): string {
  const flag = flagOf(name);
  if (spec.kind === 'boolean') return spec.default ? `--no-${flag}` : `--${flag}`;
  return `--${flag} <${placeholder(spec)}>`;
}

function placeholder(spec: Exclude<OptionSpec, { kind: 'boolean' }>): string {
  switch (spec.kind) {
    case 'string':
    case 'choice':
      return 'text';
    case 'integer':
    case 'number':
      return spec.unit ?? 'number';
    case 'strings':
      return 'text,text';
  }
}

function formatFacts(spec: OptionSpec): string {
  const facts = [`default: ${describeDefault(spec)}`];
  if (spec.kind === 'choice') facts.unshift(spec.choices.join(' | '));
  if (spec.kind === 'integer' || spec.kind === 'number') {
    const range = describeRange(spec);
    if (range !== '') facts.unshift(range);
  }
  for (const alias of spec.aliases ?? []) facts.push(`also --${alias}`);
  return `[${facts.join('; ')}]`;
}

function describeKind(spec: OptionSpec): string {
  switch (spec.kind) {
    case 'choice':
      return spec.choices.map((choice) => `\`${choice}\``).join(', ');
    case 'integer':
    case 'number': {
      const range = describeRange(spec);
      return [spec.unit ?? spec.kind, ...(range === '' ? [] : [range])].join(', ');
    }
    case 'strings':
      return 'list, comma-separated';
    case 'string':
    case 'boolean':
      return spec.kind;
  }
}

function describeRange(spec: { readonly min?: number; readonly max?: number }): string {
  if (spec.min !== undefined && spec.max !== undefined) return `${spec.min} … ${spec.max}`;
  if (spec.min !== undefined) return `≥ ${spec.min}`;
  if (spec.max !== undefined) return `≤ ${spec.max}`;
  return '';
}

function describeDefault(spec: OptionSpec): string {
  if (spec.default === null) return 'none';
  if (typeof spec.default === 'object') return spec.default.length === 0 ? 'none' : spec.default.join(',');
  return spec.default === '' ? 'empty' : String(spec.default);
}

/** Breaks text at blanks so that no line, indent included, is longer than the help width (a longer word stands alone). */
function wrap(text: string, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ').filter((part) => part !== '')) {
    const isFirst = line === indent;
    if (!isFirst && line.length + 1 + word.length > HELP_WIDTH) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line += isFirst ? word : ` ${word}`;
  }
  lines.push(line);
  return lines;
}
