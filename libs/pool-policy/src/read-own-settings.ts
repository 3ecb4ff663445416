import { POOL_SETTINGS_DEFAULT, poolPolicies } from './pool-settings.js';
import type { Grid, GridAxis, GridQuantity, PoolConfig, PoolRole, PoolSettings } from './pool-settings.js';
import { ABOVE_ZERO, join } from './settings-reader.js';
import type { SettingsReader } from './settings-reader.js';

const KEYS = [
  ...['pools', 'policies', 'grids', 'topology', 'spillOver', 'failOver', 'affinity', 'reportTtlMs'],
  ...['defaultTtftMs', 'defaultItlMs', 'probe'],
];
const POOL_KEYS = ['name', 'role', 'endpoint', 'weight', 'priority', 'labels', 'requestsMax'];
const ENDPOINT = /^[a-z0-9_-]+\.[a-z0-9_-]+\.[a-z0-9_-]+$/;

/** Axes of each role's grid, in the order of the cells' nesting. */
const AXES: { readonly [Role in PoolRole]: readonly GridQuantity[] } = {
  prefill: ['inputTokens', 'ttftMs'],
  decode: ['contextTokens', 'itlMs'],
  aggregated: ['ttftMs', 'itlMs', 'inputTokens'],
};

/** Reads this project's own form of the configuration. */
export function readOwnSettings(value: unknown, reader: SettingsReader): PoolSettings | null {
  const fields = reader.object(value, '', KEYS);
  if (fields === null) return null;
  const pools = readPools(fields['pools'], reader);
  const optional = <Value>(key: string, read: (found: unknown) => Value, otherwise: Value): Value =>
    fields[key] === undefined || fields[key] === null ? otherwise : read(fields[key]);
  const defaults = POOL_SETTINGS_DEFAULT;
  return {
    pools,
    policies: optional('policies', (found) => readPolicies(found, reader), defaults.policies),
    grids: optional('grids', (found) => readGrids(found, pools, reader), NO_GRIDS),
    topology: optional('topology', (found) => readTopology(found, reader), defaults.topology),
    spillOver: optional('spillOver', (found) => readSpillOver(found, reader), defaults.spillOver),
    failOver: optional(
      'failOver',
      (found) => reader.choice(found, 'failOver', ['any', 'faster', 'none']),
      defaults.failOver,
    ),
    affinity: optional('affinity', (found) => readAffinity(found, reader), defaults.affinity),
    reportTtlMs: optional(
      'reportTtlMs',
      (found) => reader.number(found, 'reportTtlMs', ABOVE_ZERO),
      defaults.reportTtlMs,
    ),
    defaultTtftMs: optional('defaultTtftMs', (found) => reader.number(found, 'defaultTtftMs'), null),
    defaultItlMs: optional('defaultItlMs', (found) => reader.number(found, 'defaultItlMs'), null),
    probe: optional('probe', (found) => readProbe(found, reader), defaults.probe),
  };
}

const NO_GRIDS: PoolSettings['grids'] = { prefill: null, decode: null, aggregated: null };

function readPools(value: unknown, reader: SettingsReader): readonly PoolConfig[] {
  const pools: PoolConfig[] = [];
  for (const [index, item] of reader.list(value, 'pools').entries()) {
    const at = `pools[${index}]`;
    const fields = reader.object(item, at, POOL_KEYS);
    if (fields === null) continue;
    const name = reader.text(fields['name'], join(at, 'name'));
    const role = reader.choice(fields['role'], join(at, 'role'), ['prefill', 'decode', 'aggregated']);
    const endpoint = reader.text(fields['endpoint'], join(at, 'endpoint'));
    if (endpoint !== '' && !ENDPOINT.test(endpoint))
      reader.wrong(join(at, 'endpoint'), 'must be namespace.component.endpoint', endpoint);
    if (pools.some((pool) => pool.name === name))
      reader.problems.push(`${at}.name: "${name}" is there twice`);
    if (pools.some((pool) => pool.endpoint === endpoint))
      reader.problems.push(`${at}.endpoint: "${endpoint}" is there twice`);
    const { weight = 1, priority = pools.filter((pool) => pool.role === role).length } = fields;
    pools.push({
      ...{ name, role, endpoint },
      weight: reader.number(weight, join(at, 'weight'), ABOVE_ZERO),
      priority: reader.integer(priority, join(at, 'priority')),
      labels: reader.texts(fields['labels'] ?? [], join(at, 'labels')),
      requestsMax:
        (fields['requestsMax'] ?? null) === null
          ? null
          : reader.integer(fields['requestsMax'], join(at, 'requestsMax'), 1),
    });
  }
  if (pools.length === 0) reader.problems.push('pools: at least one pool is needed');
  return pools;
}

function readPolicies(value: unknown, reader: SettingsReader): PoolSettings['policies'] {
  const policies = reader
    .list(value, 'policies')
    .map((item, index) => reader.choice(item, `policies[${index}]`, poolPolicies));
  if (new Set(policies).size < policies.length) reader.problems.push('policies: each may be there once');
  return policies;
}

function readGrids(
  value: unknown,
  pools: readonly PoolConfig[],
  reader: SettingsReader,
): PoolSettings['grids'] {
  const fields = reader.object(value, 'grids', ['prefill', 'decode', 'aggregated']) ?? {};
  const read = (role: PoolRole): Grid | null =>
    (fields[role] ?? null) === null ? null : readGrid(fields[role], role, { pools, reader });
  return { prefill: read('prefill'), decode: read('decode'), aggregated: read('aggregated') };
}

function readGrid(
  value: unknown,
  role: PoolRole,
  { pools, reader }: { readonly pools: readonly PoolConfig[]; readonly reader: SettingsReader },
): Grid | null {
  const at = `grids.${role}`;
  const fields = reader.object(value, at, [...AXES[role], 'cells', 'overrides']);
  if (fields === null) return null;
  // The third axis of an aggregated grid may be left out.
  const quantities = AXES[role].filter((quantity, place) => place < 2 || fields[quantity] !== undefined);
  const axes = quantities.map((quantity) =>
    readAxis(fields[quantity], quantity, { at: join(at, quantity), reader }),
  );
  const names = pools.filter((pool) => pool.role === role).map(({ name }) => name);
  const cells: (readonly string[])[] = [];
  readCells(fields['cells'], axes, { at: join(at, 'cells'), reader, names, role, cells });
  const overrides = reader.list(fields['overrides'] ?? [], join(at, 'overrides')).flatMap((item, index) => {
    const where = `${at}.overrides[${index}]`;
    const rule = reader.object(item, where, ['priorityMin', 'priorityMax', 'pool']);
    if (rule === null) return [];
    const [priorityMin, priorityMax] = [
      reader.integer(rule['priorityMin'], join(where, 'priorityMin')),
      reader.integer(rule['priorityMax'], join(where, 'priorityMax')),
    ];
    if (priorityMin > priorityMax)
      reader.problems.push(`${where}: priorityMin ${priorityMin} is above priorityMax ${priorityMax}`);
    const pool = reader.text(rule['pool'], join(where, 'pool'));
    checkName(pool, join(where, 'pool'), { reader, names, role });
    return [{ priorityMin, priorityMax, pool }];
  });
  return { axes, cells, overrides };
}

export function readAxis(
  value: unknown,
  quantity: GridQuantity,
  { at, reader }: { readonly at: string; readonly reader: SettingsReader },
): GridAxis {
  const fields = reader.object(value, at, ['min', 'max', 'resolution']) ?? {};
  const [min, max] = [
    reader.number(fields['min'], join(at, 'min')),
    reader.number(fields['max'], join(at, 'max')),
  ];
  const resolution = reader.integer(fields['resolution'], join(at, 'resolution'), 1);
  if (min >= max) reader.problems.push(`${at}: min ${min} must be below max ${max}`);
  return { quantity, min, max, resolution };
}

interface CellReading {
  readonly at: string;
  readonly reader: SettingsReader;
  readonly names: readonly string[];
  readonly role: PoolRole;
  /** Filled, row-major. */
  readonly cells: (readonly string[])[];
}

/** Nested lists, one level per axis; a cell is a pool's name or a list of them. */
function readCells(value: unknown, axes: readonly GridAxis[], reading: CellReading): void {
  const { at, reader, cells } = reading;
  const [axis, ...inner] = axes;
  if (axis === undefined) {
    const names = typeof value === 'string' ? [value] : reader.texts(value, at);
    if (names.length === 0) reader.problems.push(`${at}: at least one pool is needed`);
    for (const name of names) checkName(name, at, reading);
    cells.push(names);
    return;
  }
  const rows = reader.list(value, at);
  if (rows.length !== axis.resolution)
    reader.problems.push(
      `${at}: ${axis.resolution} entries are needed for ${axis.quantity}, there are ${rows.length}`,
    );
  for (const [index, row] of rows.slice(0, axis.resolution).entries())
    readCells(row, inner, { ...reading, at: `${at}[${index}]` });
}

function checkName(
  name: string,
  at: string,
  { reader, names, role }: Pick<CellReading, 'reader' | 'names' | 'role'>,
): void {
  if (name !== '' && !names.includes(name))
    reader.problems.push(`${at} names "${name}", which is no ${role} pool`);
}

function readTopology(value: unknown, reader: SettingsReader): PoolSettings['topology'] {
  const fields = reader.object(value, 'topology', ['label', 'mode']) ?? {};
  return {
    label: reader.text(fields['label'], 'topology.label'),
    mode: reader.choice(fields['mode'], 'topology.mode', ['required', 'preferred']),
  };
}

function readSpillOver(value: unknown, reader: SettingsReader): PoolSettings['spillOver'] {
  const fields = reader.object(value, 'spillOver', ['pressureMax']) ?? {};
  return { pressureMax: reader.number(fields['pressureMax'], 'spillOver.pressureMax', ABOVE_ZERO) };
}

function readAffinity(value: unknown, reader: SettingsReader): PoolSettings['affinity'] {
  const fields = reader.object(value, 'affinity', ['ttlMs', 'sessionsMax']) ?? {};
  return {
    ttlMs: reader.number(fields['ttlMs'] ?? 600_000, 'affinity.ttlMs', ABOVE_ZERO),
    sessionsMax: reader.integer(fields['sessionsMax'] ?? 100_000, 'affinity.sessionsMax', 1),
  };
}

function readProbe(value: unknown, reader: SettingsReader): PoolSettings['probe'] {
  const fields = reader.object(value, 'probe', ['deadlineMs']) ?? {};
  return { deadlineMs: reader.number(fields['deadlineMs'], 'probe.deadlineMs', ABOVE_ZERO) };
}
