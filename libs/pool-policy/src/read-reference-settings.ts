import { POOL_SETTINGS_DEFAULT } from './pool-settings.js';
import type { Grid, GridAxis, GridQuantity, PoolConfig, PoolRole, PoolSettings } from './pool-settings.js';
import type { SettingsReader } from './settings-reader.js';

type Fields = Readonly<Record<string, unknown>>;

/** How the roles are called in Dynamo's global router configuration, and the prefixes of the keys of their axes. */
interface RoleNames {
  readonly role: PoolRole;
  readonly prefix: string;
  readonly axes: readonly (readonly [GridQuantity, string])[];
}

const PREFILL: RoleNames = {
  role: 'prefill',
  prefix: 'prefill_pool',
  axes: [
    ['inputTokens', 'isl'],
    ['ttftMs', 'ttft'],
  ],
};
const DECODE: RoleNames = {
  role: 'decode',
  prefix: 'decode_pool',
  axes: [
    ['contextTokens', 'context_length'],
    ['itlMs', 'itl'],
  ],
};
const AGGREGATED: RoleNames = {
  role: 'aggregated',
  prefix: 'agg_pool',
  axes: [
    ['ttftMs', 'ttft'],
    ['itlMs', 'itl'],
    ['inputTokens', 'isl'],
  ],
};

/** True for a file in the form of Dynamo's global router. */
export function isReferenceForm(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).some((key) => /^num_\w+_pools$/.test(key))
  );
}

/** Reads Dynamo's form as it is: pools are named by their namespaces, and chosen by the grid alone. */
export function readReferenceSettings(
  value: unknown,
  reader: SettingsReader,
  warnings: string[],
): PoolSettings | null {
  const known = ['mode', 'enable_priority_retry', ...[PREFILL, DECODE, AGGREGATED].flatMap(keysOf)];
  const fields = reader.object(value, '', known);
  if (fields === null) return null;
  const mode = reader.choice(fields['mode'] ?? 'disagg', 'mode', ['disagg', 'agg']);
  const retries = fields['enable_priority_retry'] ?? false;
  if (typeof retries !== 'boolean') reader.wrong('enable_priority_retry', 'must be true or false', retries);
  const roles = mode === 'agg' ? [AGGREGATED] : [PREFILL, DECODE];
  const grids: { [Role in PoolRole]: Grid | null } = { prefill: null, decode: null, aggregated: null };
  const pools: PoolConfig[] = [];
  for (const names of roles) {
    const ofRole = readPools(fields, names, reader);
    pools.push(...ofRole);
    grids[names.role] = readGrid(fields, names, { pools: ofRole, reader, warnings });
  }
  return {
    ...POOL_SETTINGS_DEFAULT,
    pools,
    grids,
    policies: ['grid'],
    failOver: retries === true ? 'faster' : 'none',
  };
}

function keysOf({ prefix }: RoleNames): string[] {
  return [
    `num_${prefix}s`,
    `${prefix}_dynamo_namespaces`,
    `${prefix}_priorities`,
    `${prefix}_selection_strategy`,
  ];
}

function readPools(fields: Fields, { role, prefix }: RoleNames, reader: SettingsReader): PoolConfig[] {
  const count = reader.integer(fields[`num_${prefix}s`], `num_${prefix}s`, 1);
  const at = `${prefix}_dynamo_namespaces`;
  const namespaces = reader.texts(fields[at], at);
  if (namespaces.length !== count)
    reader.problems.push(`${at}: ${count} are needed, there are ${namespaces.length}`);
  const given = fields[`${prefix}_priorities`];
  const priorities =
    given === undefined ? namespaces.map((_, index) => index) : readPriorities(given, prefix, reader);
  if (priorities.length !== count)
    reader.problems.push(`${prefix}_priorities: ${count} are needed, there are ${priorities.length}`);
  return namespaces.map((namespace, index) => ({
    // One namespace may hold pools of both roles.
    name: `${namespace}.${role}`,
    role,
    endpoint: `${namespace}.${role}.generate`,
    weight: 1,
    priority: priorities[index] ?? index,
    labels: [],
    requestsMax: null,
  }));
}

function readPriorities(value: unknown, prefix: string, reader: SettingsReader): number[] {
  const at = `${prefix}_priorities`;
  return reader.list(value, at).map((item, index) => reader.integer(item, `${at}[${index}]`));
}

interface GridReading {
  readonly pools: readonly PoolConfig[];
  readonly reader: SettingsReader;
  readonly warnings: string[];
}

function readGrid(fields: Fields, { prefix, axes: named }: RoleNames, reading: GridReading): Grid | null {
  const { pools, reader } = reading;
  const at = `${prefix}_selection_strategy`;
  const keys = named.flatMap(([, key]) =>
    ['_min', '_max', '_min_ms', '_max_ms', '_resolution'].map((end) => key + end),
  );
  const strategy = reader.object(fields[at], at, [...keys, `${prefix}_mapping`, 'priority_overrides']);
  if (strategy === null) return null;
  const used = named.filter(([, key], place) => place < 2 || strategy[`${key}_resolution`] !== undefined);
  const axes = used.map(([quantity, key]) => readAxis(strategy, [quantity, key], { ...reading, at }));
  const cells: string[][] = [];
  readMapping(strategy[`${prefix}_mapping`], axes, { at: `${at}.${prefix}_mapping`, pools, reader, cells });
  const overrides = reader
    .list(strategy['priority_overrides'] ?? [], `${at}.priority_overrides`)
    .flatMap((item, index) => {
      const where = `${at}.priority_overrides[${index}]`;
      const rule = reader.object(item, where, ['min_priority', 'max_priority', 'target_pool']);
      if (rule === null) return [];
      const priorityMin = reader.integer(rule['min_priority'], `${where}.min_priority`);
      const priorityMax = reader.integer(rule['max_priority'], `${where}.max_priority`);
      if (priorityMin > priorityMax)
        reader.problems.push(`${where}: min_priority ${priorityMin} is above max_priority ${priorityMax}`);
      return [
        {
          priorityMin,
          priorityMax,
          pool: poolAt(rule['target_pool'], `${where}.target_pool`, { pools, reader }),
        },
      ];
    });
  return { axes, cells, overrides };
}

function readAxis(
  strategy: Fields,
  [quantity, key]: readonly [GridQuantity, string],
  { at, reader, warnings }: GridReading & { readonly at: string },
): GridAxis {
  const isTime = quantity === 'ttftMs' || quantity === 'itlMs';
  const bound = (end: 'min' | 'max'): number => {
    const name = isTime ? `${key}_${end}_ms` : `${key}_${end}`;
    const old = `${key}_${end}`;
    if (isTime && strategy[name] === undefined && strategy[old] !== undefined) {
      warnings.push(`${at}.${old} is the old name of ${name}`);
      return reader.number(strategy[old], `${at}.${old}`);
    }
    return reader.number(strategy[name], `${at}.${name}`);
  };
  const [min, max] = [bound('min'), bound('max')];
  if (min >= max) reader.problems.push(`${at}: ${key} min ${min} must be below max ${max}`);
  const resolution = reader.integer(strategy[`${key}_resolution`], `${at}.${key}_resolution`, 1);
  return { quantity, min, max, resolution };
}

interface MappingReading {
  readonly at: string;
  readonly pools: readonly PoolConfig[];
  readonly reader: SettingsReader;
  readonly cells: string[][];
}

function readMapping(value: unknown, axes: readonly GridAxis[], reading: MappingReading): void {
  const { at, reader, cells } = reading;
  const [axis, ...inner] = axes;
  if (axis === undefined) {
    cells.push([poolAt(value, at, reading)]);
    return;
  }
  const rows = reader.list(value, at);
  if (rows.length !== axis.resolution)
    reader.problems.push(`${at}: ${axis.resolution} entries are needed, there are ${rows.length}`);
  for (const [index, row] of rows.slice(0, axis.resolution).entries())
    readMapping(row, inner, { ...reading, at: `${at}[${index}]` });
}

function poolAt(
  value: unknown,
  at: string,
  { pools, reader }: Pick<MappingReading, 'pools' | 'reader'>,
): string {
  const pool = typeof value === 'number' ? pools[value] : undefined;
  if (pool === undefined) reader.wrong(at, `must be a pool's number from 0 to ${pools.length - 1}`, value);
  return pool?.name ?? '';
}
