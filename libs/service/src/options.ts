interface OptionBase {
  /** One or two sentences for the help text and docs/config.md. */
  readonly doc: string;
  /** Heading in the help text; options without one come first. */
  readonly group?: string;
  /** Further flags (without `--`) that set the same option. */
  readonly aliases?: readonly string[];
}

/** One setting of a program. A `null` default means "not given"; there are no sentinel values. */
export type OptionSpec =
  | (OptionBase & { readonly kind: 'string'; readonly default: string | null })
  | (OptionBase & {
      readonly kind: 'integer' | 'number';
      readonly default: number | null;
      readonly min?: number;
      readonly max?: number;
      readonly unit?: string;
    })
  /** `--x` and `--no-x`. */
  | (OptionBase & { readonly kind: 'boolean'; readonly default: boolean })
  | (OptionBase & {
      readonly kind: 'choice';
      readonly choices: readonly string[];
      readonly default: string | null;
    })
  /** Comma-separated, and the flag may be repeated. */
  | (OptionBase & { readonly kind: 'strings'; readonly default: readonly string[] });

/** Option specs by camelCase name; the flag (`--http-port`) and variable (`KVASIR_FRONTEND_HTTP_PORT`) are derived from it. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

type Nullable<Default> = null extends Default ? null : never;

export type OptionValue<Spec extends OptionSpec> = Spec extends { readonly kind: 'string' }
  ? string | Nullable<Spec['default']>
  : Spec extends { readonly kind: 'integer' | 'number' }
    ? number | Nullable<Spec['default']>
    : Spec extends { readonly kind: 'boolean' }
      ? boolean
      : Spec extends { readonly kind: 'choice' }
        ? Spec['choices'][number] | Nullable<Spec['default']>
        : readonly string[];

/** What `readOptions` yields, frozen. */
export type OptionValues<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]: OptionValue<Specs[Name]>;
};

/** What a program's options are called and mean: enough for help texts and documentation. */
export interface OptionCatalog {
  /** kebab-case, e.g. `prefill-router`. */
  readonly program: string;
  /** One sentence: what the program does. */
  readonly summary: string;
  readonly options: OptionSpecs;
}

/** All options of one program: the single source of its values, its help text and its part of docs/config.md. */
export interface OptionTable<Specs extends OptionSpecs> extends OptionCatalog {
  readonly options: Specs;
  /** Rules over several options; returns one sentence per problem. Called only when each value is good by itself. */
  readonly check?: (values: OptionValues<Specs>) => readonly string[];
}

/**
 * Checks an option table and returns it with its literal types.
 * @throws TypeError when the table is wrong in itself: two options with one flag, a default outside its range or choices.
 */
export function defineOptions<const Specs extends OptionSpecs>(
  table: OptionTable<Specs>,
): OptionTable<Specs> {
  const owners = new Map<string, string>([
    ['help', 'help'],
    ['version', 'version'],
  ]);
  for (const [name, spec] of Object.entries<OptionSpec>(table.options)) {
    for (const flag of flagsOf(name, spec)) {
      const owner = owners.get(flag);
      if (owner !== undefined)
        throw new TypeError(`Cannot define option ${name}: --${flag} belongs to ${owner}`);
      owners.set(flag, name);
    }
    const problem = defaultProblem(spec);
    if (problem !== null) throw new TypeError(`Cannot define option ${name}: ${problem}`);
  }
  return table;
}

/** `httpPort` → `http-port`. */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** All flags of an option, without `--`, the main one first; `--no-x` is not among them. */
export function flagsOf(name: string, spec: OptionSpec): readonly string[] {
  return [flagOf(name), ...(spec.aliases ?? [])];
}

/** `prefill-router`, `blockSize` → `KVASIR_PREFILL_ROUTER_BLOCK_SIZE`. */
export function variableOf(program: string, name: string): string {
  return `${variablePrefixOf(program)}${flagOf(name).replaceAll('-', '_').toUpperCase()}`;
}

/** `prefill-router` → `KVASIR_PREFILL_ROUTER_`. */
export function variablePrefixOf(program: string): string {
  return `KVASIR_${program.replaceAll('-', '_').toUpperCase()}_`;
}

function defaultProblem(spec: OptionSpec): string | null {
  switch (spec.kind) {
    case 'choice':
      return spec.default !== null && !spec.choices.includes(spec.default)
        ? `its default ${spec.default} is not among its choices`
        : null;
    case 'integer':
    case 'number':
      if (spec.default === null) return null;
      if (spec.kind === 'integer' && !Number.isSafeInteger(spec.default))
        return `its default ${spec.default} is not whole`;
      return isInRange(spec, spec.default) ? null : `its default ${spec.default} is out of its range`;
    case 'string':
    case 'boolean':
    case 'strings':
      return null;
  }
}

/** True when the value is finite and within `min … max`. */
export function isInRange(spec: { readonly min?: number; readonly max?: number }, value: number): boolean {
  return (
    Number.isFinite(value) &&
    (spec.min === undefined || value >= spec.min) &&
    (spec.max === undefined || value <= spec.max)
  );
}
