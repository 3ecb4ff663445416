import {
  decodeRouterRecord,
  decodeWorkerRecord,
  encodeRouterRecord,
  encodeWorkerRecord,
  parseEndpointName,
  RECORD_LIMITS,
  roleProblem,
} from '@kvasir/contract';
import type { EndpointName, RouterRecord, WorkerRecord } from '@kvasir/contract';
import { incarnation } from '@kvasir/units';
import { parse } from 'yaml';

/** What a workers file says. */
export type WorkersFileReading =
  | {
      readonly kind: 'ok';
      readonly workers: readonly WorkerRecord[];
      readonly routers: readonly RouterRecord[];
    }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

type Fields = Readonly<Record<string, unknown>>;

/** What need not be said of a worker. Without an agent nobody publishes KV events: such workers are chosen by load. */
const WORKER_DEFAULTS = {
  dialect: 'vllm',
  role: 'both',
  tokenizerPath: null,
  rankStart: 0,
  rankCount: 1,
  kvBlocksTotal: null,
  batchedTokensMax: null,
  publishesKvEvents: false,
  isDraining: false,
  taints: [],
  loraNames: null,
};

/**
 * Reads YAML (or JSON) with lists `workers` and `routers`, with every problem at once. A worker needs `workerId`, `endpoint`
 * (namespace.component.endpoint), `url`, `model`, `blockSize` and `contextTokensMax`; a router `routerId`, `endpoint` and `address`.
 */
export function readWorkersFile(text: string): WorkersFileReading {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    return {
      kind: 'invalid',
      problems: [`it is no YAML: ${error instanceof Error ? error.message : String(error)}`],
    };
  }
  if (!isFields(document))
    return { kind: 'invalid', problems: ['it must be a map with "workers" and "routers"'] };
  const problems = Object.keys(document)
    .filter((name) => name !== 'workers' && name !== 'routers')
    .map((name) => `"${name}" is neither workers nor routers`);
  const workers = readList(document['workers'], 'workers', problems, readWorker);
  const routers = readList(document['routers'], 'routers', problems, readRouter);
  for (const [what, ids] of [
    ['workers', workers.map(({ workerId }): string => workerId)],
    ['routers', routers.map(({ routerId }): string => routerId)],
  ] as const) {
    const twice = ids.find((id, index) => ids.indexOf(id) !== index);
    if (twice !== undefined) problems.push(`two ${what} are called "${twice}"`);
  }
  return problems.length === 0 ? { kind: 'ok', workers, routers } : { kind: 'invalid', problems };
}

type Reading<RecordType> = RecordType | string;

function readList<RecordType>(
  value: unknown,
  name: string,
  problems: string[],
  read: (item: Fields, endpoint: EndpointName) => Reading<RecordType>,
): RecordType[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    problems.push(`${name} must be a list`);
    return [];
  }
  const records: RecordType[] = [];
  for (const [index, item] of value.entries()) {
    const reading = readItem(item, read);
    if (typeof reading === 'string') problems.push(`${name}[${index}]: ${reading}`);
    else records.push(reading);
  }
  return records;
}

function readItem<RecordType>(
  item: unknown,
  read: (item: Fields, endpoint: EndpointName) => Reading<RecordType>,
): Reading<RecordType> {
  if (!isFields(item)) return 'it must be a map';
  const { endpoint: name } = item;
  const endpoint = typeof name === 'string' ? parseEndpointName(name) : null;
  if (endpoint === null)
    return `endpoint must be namespace.component.endpoint, received ${JSON.stringify(name)}`;
  return read(item, endpoint);
}

function readWorker(item: Fields, endpoint: EndpointName): Reading<WorkerRecord> {
  // A worker at another address is another one.
  const life = incarnation(`file ${String(item['url'])}`.slice(0, RECORD_LIMITS.idCharsMax));
  // Whether it is the record that it claims to be is found by reading it back.
  const claimed = { ...WORKER_DEFAULTS, ...item, endpoint, incarnation: life } as unknown as WorkerRecord;
  const reading = decodeWorkerRecord(encodeWorkerRecord(claimed));
  return reading.kind === 'record' ? (roleProblem(reading.record) ?? reading.record) : reading.reason;
}

function readRouter(item: Fields, endpoint: EndpointName): Reading<RouterRecord> {
  const named: readonly unknown[] = Array.isArray(item['pools']) ? (item['pools'] as unknown[]) : [];
  const pools = named.flatMap((name) => (typeof name === 'string' ? (parseEndpointName(name) ?? []) : []));
  if (pools.length < named.length || ('pools' in item && !Array.isArray(item['pools'])))
    return `pools must be a list of namespace.component.endpoint, received ${JSON.stringify(item['pools'])}`;
  const claimed = { isDraining: false, ...item, endpoint, pools } as unknown as RouterRecord;
  const reading = decodeRouterRecord(encodeRouterRecord(claimed));
  return reading.kind === 'record' ? reading.record : reading.reason;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
