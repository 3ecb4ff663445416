import { incarnation, routerId, workerId } from '@kvasir/units';
import { endpointField, JsonFields } from './json-fields.js';
import type { PoolRecord, RouterRecord, WorkerRecord } from './records.js';
import { TOKEN_CHARS_MAX } from './subject-token.js';
import { malformed, type Malformed } from './wire-words.js';

/** Form of the JSON; another one is refused rather than guessed at. Fields may be added without a new version. */
const RECORD_VERSION = 1;

/** What a record's fields may be, each in the unit that its name says. */
export const RECORD_LIMITS = {
  /** Of the whole record. */
  recordCharsMax: 1_048_576,
  idCharsMax: TOKEN_CHARS_MAX,
  urlCharsMax: 2_048,
  modelCharsMax: 512,
  pathCharsMax: 4_096,
  contextTokensMax: 2 ** 31,
  blockSizeTokensMax: 65_536,
  rankCountMax: 4_096,
  rankMax: 2 ** 32 - 1,
  kvBlocksMax: 2 ** 31,
  batchedTokensMax: 2 ** 31,
  taintCountMax: 64,
  taintCharsMax: 256,
  loraCountMax: 4_096,
  loraCharsMax: 512,
  servedNamesMax: 256,
  holderCharsMax: 512,
  poolsMax: 1_024,
} as const;

export type RecordReading<RecordType> = { readonly kind: 'record'; readonly record: RecordType } | Malformed;

/** Writes a worker record as JSON; the endpoint as its dotted name. */
export function encodeWorkerRecord(record: WorkerRecord): string {
  return JSON.stringify({ version: RECORD_VERSION, ...record, endpoint: endpointField(record.endpoint) });
}

/** Reads what `encodeWorkerRecord` wrote. Fields that this version does not know are ignored; every other deviation is malformed, with all reasons. */
export function decodeWorkerRecord(text: string): RecordReading<WorkerRecord> {
  return readRecord(text, (fields) => ({
    workerId: workerId(fields.text('workerId', RECORD_LIMITS.idCharsMax)),
    incarnation: incarnation(fields.text('incarnation', RECORD_LIMITS.idCharsMax)),
    endpoint: fields.endpoint('endpoint'),
    url: fields.httpUrl('url', RECORD_LIMITS.urlCharsMax),
    dialect: fields.choice('dialect', ['vllm', 'sglang', 'trtllm']),
    role: fields.choice('role', ['prefill', 'decode', 'both']),
    model: fields.text('model', RECORD_LIMITS.modelCharsMax),
    servedNames:
      fields.textsOrNull('servedNames', RECORD_LIMITS.servedNamesMax, RECORD_LIMITS.modelCharsMax) ??
      undefined,
    contextTokensMax: fields.integer('contextTokensMax', 1, RECORD_LIMITS.contextTokensMax),
    tokenizerPath: fields.textOrNull('tokenizerPath', RECORD_LIMITS.pathCharsMax),
    blockSize: fields.integer('blockSize', 1, RECORD_LIMITS.blockSizeTokensMax),
    rankStart: fields.integer('rankStart', 0, RECORD_LIMITS.rankMax - RECORD_LIMITS.rankCountMax),
    rankCount: fields.integer('rankCount', 1, RECORD_LIMITS.rankCountMax),
    kvBlocksTotal: fields.integerOrNull('kvBlocksTotal', 1, RECORD_LIMITS.kvBlocksMax),
    batchedTokensMax: fields.integerOrNull('batchedTokensMax', 1, RECORD_LIMITS.batchedTokensMax),
    publishesKvEvents: fields.boolean('publishesKvEvents'),
    isDraining: fields.boolean('isDraining'),
    isDrainedByOperator: fields.has('isDrainedByOperator')
      ? fields.boolean('isDrainedByOperator')
      : undefined,
    taints: fields.texts('taints', RECORD_LIMITS.taintCountMax, RECORD_LIMITS.taintCharsMax),
    loraNames: fields.textsOrNull('loraNames', RECORD_LIMITS.loraCountMax, RECORD_LIMITS.loraCharsMax),
    needsApiKey: fields.has('needsApiKey') ? fields.boolean('needsApiKey') : undefined,
    holder: fields.has('holder') ? fields.text('holder', RECORD_LIMITS.holderCharsMax) : undefined,
    startedAtMs: fields.has('startedAtMs')
      ? fields.integer('startedAtMs', 0, Number.MAX_SAFE_INTEGER)
      : undefined,
  }));
}

export function encodeRouterRecord(record: RouterRecord): string {
  return JSON.stringify({
    version: RECORD_VERSION,
    ...record,
    endpoint: endpointField(record.endpoint),
    pools: record.pools.map(endpointField),
  });
}

/** Like `decodeWorkerRecord`. */
export function decodeRouterRecord(text: string): RecordReading<RouterRecord> {
  return readRecord(text, (fields) => ({
    routerId: routerId(fields.text('routerId', RECORD_LIMITS.idCharsMax)),
    endpoint: fields.endpoint('endpoint'),
    address: fields.text('address', RECORD_LIMITS.urlCharsMax),
    pools: fields.endpoints('pools', RECORD_LIMITS.poolsMax),
    isDraining: fields.boolean('isDraining'),
  }));
}

export function encodePoolRecord(record: PoolRecord): string {
  return JSON.stringify({ version: RECORD_VERSION, ...record, endpoint: endpointField(record.endpoint) });
}

/** Like `decodeWorkerRecord`. */
export function decodePoolRecord(text: string): RecordReading<PoolRecord> {
  return readRecord(text, (fields) => ({
    endpoint: fields.endpoint('endpoint'),
    model: fields.textOrNull('model', RECORD_LIMITS.modelCharsMax),
    blockSize: fields.integer('blockSize', 1, RECORD_LIMITS.blockSizeTokensMax),
  }));
}

function readRecord<RecordType>(
  text: string,
  read: (fields: JsonFields) => RecordType,
): RecordReading<RecordType> {
  if (text.length > RECORD_LIMITS.recordCharsMax)
    return malformed(`has ${text.length} characters, more than ${RECORD_LIMITS.recordCharsMax}`);
  const fields = JsonFields.parse(text);
  if (fields === null) return malformed('is no JSON object');
  fields.integer('version', RECORD_VERSION, RECORD_VERSION);
  const record = read(fields);
  return fields.problems.length === 0 ? { kind: 'record', record } : malformed(fields.problems.join('; '));
}
