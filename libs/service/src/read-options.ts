import { nearest } from './nearest.js';
import { flagsOf, isInRange, variableOf, variablePrefixOf } from './options.js';
import type { OptionCatalog, OptionSpec, OptionSpecs, OptionTable, OptionValues } from './options.js';
import { formatHelp } from './options-text.js';

export interface OptionSources {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type OptionReading<Specs extends OptionSpecs> =
  | { readonly kind: 'ok'; readonly values: OptionValues<Specs> }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' }
  /** Every problem found, one sentence each. */
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/**
 * Programs whose variables may stand in one shared environment: a variable of a sibling is not an error, a misspelt one is.
 */
const PROGRAMS = [
  'frontend',
  'prefill-router',
  'global-router',
  'engine-agent',
  'mock-engine',
  'stack',
  'replay',
  'faults',
  'churn',
  'e2e-vllm',
] as const;

/** What Kubernetes and Docker inject for a service called kvasir-…; not settings. */
const SERVICE_LINK = /_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT_\d+_(TCP|UDP|SCTP)(_.*)?)$/;
const SERVICE_LINK_VALUE = /^(tcp|udp|sctp):\/\//;

interface Given {
  /** As the user wrote it: `--block-size` or the variable's name. */
  readonly source: string;
  readonly text: string;
}

/**
 * Reads a program's settings: flags win over variables, variables over defaults. Pure; reports all problems together.
 * Flags are `--name value`, `--name=value`, `--name` and `--no-name` for booleans. An empty variable counts as not set.
 */
export function readOptions<Specs extends OptionSpecs>(
  table: OptionTable<Specs>,
  sources: OptionSources,
): OptionReading<Specs> {
  const flags = readFlags(table, sources.argv);
  if (flags.asked === 'help') return { kind: 'help', text: formatHelp(table) };
  if (flags.asked === 'version') return { kind: 'version' };
  const problems = [...flags.problems, ...unknownVariables(table, sources.env)];
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries<OptionSpec>(table.options)) {
    const given = flags.given.get(name) ?? givenByVariable(table.program, name, sources.env);
    values[name] = given === null ? spec.default : parseGiven(spec, given, problems);
  }
  if (problems.length > 0) return { kind: 'invalid', problems };
  const typed = Object.freeze(values) as OptionValues<Specs>;
  const contradictions = table.check?.(typed) ?? [];
  return contradictions.length > 0
    ? { kind: 'invalid', problems: contradictions }
    : { kind: 'ok', values: typed };
}

interface FlagReading {
  readonly asked: 'help' | 'version' | null;
  readonly given: ReadonlyMap<string, readonly Given[]>;
  readonly problems: readonly string[];
}

function readFlags(table: OptionCatalog, argv: readonly string[]): FlagReading {
  const owners = new Map<string, readonly [string, OptionSpec]>();
  for (const [name, spec] of Object.entries(table.options))
    for (const flag of flagsOf(name, spec)) owners.set(flag, [name, spec]);
  const given = new Map<string, Given[]>();
  const problems: string[] = [];
  let asked: FlagReading['asked'] = null;
  for (let position = 0; position < argv.length; position += 1) {
    const argument = argv[position] ?? '';
    if (argument === '--help' || argument === '-h') asked = 'help';
    else if (argument === '--version') asked ??= 'version';
    else if (!argument.startsWith('--') || argument === '--')
      problems.push(`Unexpected argument ${quote(argument)}: settings are given as --flag value`);
    else position += readFlag(argument, argv[position + 1], { owners, given, problems });
  }
  return { asked, given, problems };
}

/** Reads one flag; returns how many further arguments it used. */
function readFlag(
  argument: string,
  next: string | undefined,
  reading: {
    readonly owners: ReadonlyMap<string, readonly [string, OptionSpec]>;
    readonly given: Map<string, Given[]>;
    readonly problems: string[];
  },
): 0 | 1 {
  const equals = argument.indexOf('=');
  const flag = argument.slice(2, equals === -1 ? undefined : equals);
  const inline = equals === -1 ? null : argument.slice(equals + 1);
  const source = `--${flag}`;
  const give = (name: string, text: string): void => {
    const earlier = reading.given.get(name);
    if (earlier === undefined) reading.given.set(name, [{ source, text }]);
    else earlier.push({ source, text });
  };
  const owner = reading.owners.get(flag);
  const negated =
    owner === undefined && flag.startsWith('no-') ? reading.owners.get(flag.slice(3)) : undefined;
  if (negated?.[1].kind === 'boolean') {
    if (inline === null) give(negated[0], 'false');
    else reading.problems.push(`${source} takes no value, received ${quote(inline)}`);
    return 0;
  }
  if (owner === undefined) {
    reading.problems.push(unknownFlag(flag, [...reading.owners.keys()]));
    // What follows is most likely the value of the mistyped flag: a second complaint would only hide the first.
    return inline === null && next !== undefined && !next.startsWith('--') ? 1 : 0;
  }
  const [name, spec] = owner;
  if (inline !== null || spec.kind === 'boolean') {
    give(name, inline ?? 'true');
    return 0;
  }
  if (next === undefined || next.startsWith('--')) {
    reading.problems.push(`${source} needs a value`);
    return 0;
  }
  give(name, next);
  return 1;
}

function unknownFlag(flag: string, known: readonly string[]): string {
  const candidates = [...known, 'help', 'version'];
  const suggestion =
    nearest(flag, candidates) ?? (flag.startsWith('no-') ? nearest(flag.slice(3), candidates) : null);
  const hint = suggestion === null ? '--help lists all flags' : `did you mean --${suggestion}?`;
  return `Unknown flag --${flag}: ${hint}`;
}

function givenByVariable(program: string, name: string, env: OptionSources['env']): readonly Given[] | null {
  const source = variableOf(program, name);
  const text = env[source];
  return text === undefined || text === '' ? null : [{ source, text }];
}

function unknownVariables(table: OptionCatalog, env: OptionSources['env']): readonly string[] {
  const known = new Set(Object.keys(table.options).map((name) => variableOf(table.program, name)));
  const ours = variablePrefixOf(table.program);
  const siblings = PROGRAMS.filter((program) => program !== table.program).map(variablePrefixOf);
  const problems: string[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith('KVASIR_') || known.has(variable) || text === undefined) continue;
    if (SERVICE_LINK.test(variable) || SERVICE_LINK_VALUE.test(text)) continue;
    if (!variable.startsWith(ours) && siblings.some((prefix) => variable.startsWith(prefix))) continue;
    const suggestion = nearest(variable, [...known]);
    const hint = suggestion === null ? '--help lists all variables' : `did you mean ${suggestion}?`;
    problems.push(`Unknown variable ${variable}: ${hint}`);
  }
  return problems;
}

/** The value, or null after a problem was added. */
function parseGiven(spec: OptionSpec, given: readonly Given[], problems: string[]): unknown {
  const [first, second] = given;
  if (first === undefined) return spec.default;
  if (spec.kind === 'strings')
    return Object.freeze(
      given.flatMap(({ text }) =>
        text
          .split(',')
          .map((part) => part.trim())
          .filter((part) => part !== ''),
      ),
    );
  if (second !== undefined) {
    problems.push(
      first.source === second.source
        ? `${first.source} is given more than once`
        : `${first.source} and ${second.source} set the same option: give one of them`,
    );
    return null;
  }
  const outcome = parseText(spec, first.text);
  if (outcome.kind === 'value') return outcome.value;
  problems.push(`${first.source} must be ${outcome.wanted}, received ${quote(first.text)}`);
  return null;
}

type Parsed =
  | { readonly kind: 'value'; readonly value: string | number | boolean }
  | { readonly kind: 'wrong'; readonly wanted: string };

function parseText(spec: Exclude<OptionSpec, { kind: 'strings' }>, text: string): Parsed {
  switch (spec.kind) {
    case 'string':
      return text === ''
        ? { kind: 'wrong', wanted: 'a text that is not empty' }
        : { kind: 'value', value: text };
    case 'boolean':
      return text === 'true' || text === 'false'
        ? { kind: 'value', value: text === 'true' }
        : { kind: 'wrong', wanted: 'true or false' };
    case 'choice':
      return spec.choices.includes(text)
        ? { kind: 'value', value: text }
        : { kind: 'wrong', wanted: `one of ${spec.choices.join(', ')}` };
    case 'integer':
    case 'number': {
      const value = parseNumber(spec.kind, text);
      return value !== null && isInRange(spec, value)
        ? { kind: 'value', value }
        : { kind: 'wrong', wanted: describeNumber(spec) };
    }
  }
}

function parseNumber(kind: 'integer' | 'number', text: string): number | null {
  const grammar = kind === 'integer' ? /^[+-]?\d+$/ : /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
  if (!grammar.test(text)) return null;
  const value = Number(text);
  return kind === 'integer' && !Number.isSafeInteger(value) ? null : value;
}

/** `a whole number of tokens from 1 to 1024`. */
export function describeNumber(spec: Extract<OptionSpec, { kind: 'integer' | 'number' }>): string {
  const noun = spec.kind === 'integer' ? 'a whole number' : 'a number';
  const unit = spec.unit === undefined ? '' : ` of ${spec.unit}`;
  if (spec.min !== undefined && spec.max !== undefined)
    return `${noun}${unit} from ${spec.min} to ${spec.max}`;
  if (spec.min !== undefined) return `${noun}${unit} of at least ${spec.min}`;
  if (spec.max !== undefined) return `${noun}${unit} of at most ${spec.max}`;
  return `${noun}${unit}`;
}

const QUOTED_LENGTH_MAX = 80;

function quote(text: string): string {
  return JSON.stringify(text.length > QUOTED_LENGTH_MAX ? `${text.slice(0, QUOTED_LENGTH_MAX)}…` : text);
}
