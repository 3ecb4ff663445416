import type { WorkerRecord } from '@kvasir/contract';
import { workerId } from '@kvasir/units';
import type { Incarnation } from '@kvasir/units';
import type { EngineConfig, LoraSource } from './engine-config.js';
import type { EngineFacts } from './engine-facts.js';

export type RecordOutcome =
  | { readonly kind: 'ok'; readonly record: WorkerRecord }
  /** What the engine does not say and nobody has told. */
  | { readonly kind: 'unknown'; readonly reason: string };

export interface RecordParts {
  readonly config: EngineConfig;
  readonly facts: EngineFacts;
  readonly incarnation: Incarnation;
  readonly holder: string;
  /** What was known until now: it stands where the engine says nothing this time. */
  readonly before: WorkerRecord | null;
}

/** What to register of an engine: settings first, then what it says, then what it has said before. */
export function workerRecord({ config, facts, incarnation, holder, before }: RecordParts): RecordOutcome {
  const model = config.model ?? modelOf(facts, before);
  const blockSize = config.blockSize ?? facts.blockSize ?? before?.blockSize ?? null;
  const contextTokensMax =
    config.contextTokensMax ?? facts.contextTokensMax ?? before?.contextTokensMax ?? null;
  if (model === null) return unknown(whyNoModel(config, facts));
  if (blockSize === null) return unknown('it does not say its block size: give --block-size');
  if (contextTokensMax === null)
    return unknown('it does not say its context length: give --context-tokens-max');
  return {
    kind: 'ok',
    record: {
      workerId: workerId(config.workerId),
      incarnation,
      endpoint: config.endpoint,
      url: config.url,
      dialect: config.dialect,
      role: config.role,
      model,
      servedNames: otherwiseAbsent(namesOf(model, facts, before)),
      contextTokensMax,
      tokenizerPath: config.tokenizerPath,
      blockSize,
      rankStart: 0,
      rankCount: config.rankCount,
      kvBlocksTotal: facts.kvBlocksTotal ?? before?.kvBlocksTotal ?? null,
      batchedTokensMax: null,
      publishesKvEvents: config.kvEvents.kind !== 'none',
      isDraining: false,
      taints: config.taints,
      loraNames: loraNames(config.loras, facts, before),
      needsApiKey: config.apiKey === null ? undefined : true,
      holder,
      startedAtMs: facts.startedAtMs ?? before?.startedAtMs,
    },
  };
}

/** Whether an engine that is now as `now` says may still have in its cache what it had as `before`. */
export function mayKeepCache(before: WorkerRecord, now: WorkerRecord): boolean {
  return (
    before.url === now.url &&
    before.dialect === now.dialect &&
    before.model === now.model &&
    before.blockSize === now.blockSize &&
    before.rankCount === now.rankCount &&
    before.publishesKvEvents === now.publishesKvEvents &&
    isSameIfKnown(before.kvBlocksTotal, now.kvBlocksTotal) &&
    isSameIfKnown(before.startedAtMs, now.startedAtMs)
  );
}

function isSameIfKnown(before: number | null | undefined, now: number | null | undefined): boolean {
  return (before ?? now) === (now ?? before);
}

/** A name that it has gone by stays its name while it answers to it. */
function modelOf({ names }: EngineFacts, before: WorkerRecord | null): string | null {
  if (names === null) return before?.model ?? null;
  return before !== null && names.includes(before.model) ? before.model : (names[0] ?? null);
}

function namesOf(model: string, { names }: EngineFacts, before: WorkerRecord | null): readonly string[] {
  if (names !== null) return [...new Set([model, ...names])];
  return before?.model === model ? (before.servedNames ?? [model]) : [model];
}

function otherwiseAbsent(names: readonly string[]): readonly string[] | undefined {
  return names.length > 1 ? names : undefined;
}

function whyNoModel({ apiKey }: EngineConfig, { modelsStatus }: EngineFacts): string {
  if (modelsStatus === 401 || modelsStatus === 403)
    return apiKey === null
      ? `it answers ${modelsStatus}: give an API key (--engine-api-key-file, or apiKeyFile in the engines file)`
      : `it answers ${modelsStatus}: it does not take the API key that was given`;
  if (modelsStatus !== null)
    return `it does not say its model (its list of models answers ${modelsStatus}): give --model`;
  return 'it does not say its model: give --model';
}

function loraNames(
  loras: LoraSource,
  facts: EngineFacts,
  before: WorkerRecord | null,
): readonly string[] | null {
  switch (loras.kind) {
    case 'any':
      return null;
    case 'given':
      return loras.names;
    case 'asked':
      return facts.loraNames ?? before?.loraNames ?? null;
  }
}

function unknown(reason: string): RecordOutcome {
  return { kind: 'unknown', reason };
}
