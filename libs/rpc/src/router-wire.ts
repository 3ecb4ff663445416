import type {
  DumpEventsResponseInput,
  DumpEventsResponseOutput,
  GenerateResponseInput,
  GenerateResponseOutput,
  OverlapScoresOutput,
  PotentialLoadsOutput,
  PromptInput,
  PromptOutput,
  RouteDecisionInput,
  RouteDecisionOutput,
  RouterOverridesInput,
  RouterOverridesOutput,
  RoutingConstraintsInput,
  RoutingConstraintsOutput,
} from '@kvasir/contract';
import { incarnation, requestId, workerId } from '@kvasir/units';
import type { RequestId } from '@kvasir/units';
import { rpcError } from './errors.js';
import type {
  DumpedChain,
  GenerateEvent,
  MediaItem,
  OverlapScores,
  PotentialLoad,
  RouteDecision,
  RouterOverrides,
  RouterPrompt,
  RoutingConstraints,
} from './router-messages.js';
import { decodeTokens, decodeWords, encodeTokens, encodeWords } from './tokens.js';

/** Longest request id, in characters. */
export const REQUEST_ID_LENGTH_MAX = 256;
/** Media items of one prompt. */
export const MEDIA_ITEMS_MAX = 1_024;
/** Longest identifier of a media item, in characters. */
export const MEDIA_IDENTIFIER_LENGTH_MAX = 512;

const textOrAbsent = (text: string): string | undefined => (text === '' ? undefined : text);

export function encodePrompt(prompt: RouterPrompt): PromptInput {
  return {
    tokenIds: encodeTokens(prompt.tokens),
    loraName: prompt.loraName ?? '',
    cacheSalt: prompt.cacheSalt ?? '',
    model: prompt.model ?? '',
    media: [...(prompt.media ?? [])],
  };
}

/** @throws RpcError `RPC_MISSING_FIELD` without a prompt, `RPC_INVALID_TOKENS` for broken token ids, `RPC_INVALID_FIELD` for media outside the prompt. */
export function decodePrompt(prompt: PromptOutput | null): RouterPrompt {
  if (prompt === null) throw rpcError('RPC_MISSING_FIELD', 'Cannot route: prompt is missing');
  const tokens = decodeTokens(prompt.tokenIds);
  return {
    tokens,
    loraName: textOrAbsent(prompt.loraName),
    cacheSalt: textOrAbsent(prompt.cacheSalt),
    model: textOrAbsent(prompt.model),
    ...(prompt.media.length === 0 ? {} : { media: checkMedia(prompt.media, tokens.length) }),
  };
}

function checkMedia(media: readonly MediaItem[], promptTokens: number): readonly MediaItem[] {
  if (media.length > MEDIA_ITEMS_MAX)
    throw rpcError(
      'RPC_INVALID_FIELD',
      `Cannot route: media has ${media.length} items, at most ${MEDIA_ITEMS_MAX} are allowed`,
    );
  for (const [index, { identifier, firstToken, tokenCount }] of media.entries()) {
    if (identifier === '' || identifier.length > MEDIA_IDENTIFIER_LENGTH_MAX)
      throw rpcError(
        'RPC_INVALID_FIELD',
        `Cannot route: media[${index}].identifier must have 1 to ${MEDIA_IDENTIFIER_LENGTH_MAX} characters, received ${identifier.length}`,
      );
    if (tokenCount < 1 || firstToken + tokenCount > promptTokens)
      throw rpcError(
        'RPC_INVALID_FIELD',
        `Cannot route: media[${index}] has ${tokenCount} tokens from token ${firstToken} on, the prompt has ${promptTokens}`,
      );
  }
  return media;
}

/** @throws RpcError when it is empty or longer than `REQUEST_ID_LENGTH_MAX`. */
export function decodeRequestId(text: string): RequestId {
  if (text === '') throw rpcError('RPC_MISSING_FIELD', 'Cannot find the booking: request_id is missing');
  return checkRequestId(text);
}

/** As `decodeRequestId`, but empty means that the receiver chooses. */
export function decodeOptionalRequestId(text: string): RequestId | null {
  return text === '' ? null : checkRequestId(text);
}

function checkRequestId(text: string): RequestId {
  if (text.length > REQUEST_ID_LENGTH_MAX)
    throw rpcError(
      'RPC_INVALID_FIELD',
      `Cannot use request_id: it has ${text.length} characters, at most ${REQUEST_ID_LENGTH_MAX} are allowed`,
    );
  if (hasControlCharacter(text))
    throw rpcError(
      'RPC_INVALID_FIELD',
      'Cannot use request_id: it has a control character, and would break headers and log lines',
    );
  return requestId(text);
}

function hasControlCharacter(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

/** Tokens that a request may be expected to generate. */
export const OUTPUT_TOKENS_MAX = 16_777_216;

/** Absent for 0, which is "nobody knows". @throws RpcError `RPC_INVALID_FIELD` beyond `OUTPUT_TOKENS_MAX`. */
export function decodeTokenCount(field: string, count: number): number | undefined {
  if (count > OUTPUT_TOKENS_MAX)
    throw rpcError(
      'RPC_INVALID_FIELD',
      `Cannot use ${field}: it must be 0 to ${OUTPUT_TOKENS_MAX}, received ${count}`,
    );
  return count === 0 ? undefined : count;
}

export function encodeOverrides(overrides: RouterOverrides | undefined): RouterOverridesInput | null {
  if (overrides === undefined) return null;
  const wire: RouterOverridesInput = {};
  if (overrides.temperature !== undefined) wire.temperature = overrides.temperature;
  if (overrides.overlapScoreCredit !== undefined) wire.overlapScoreCredit = overrides.overlapScoreCredit;
  if (overrides.prefillLoadScale !== undefined) wire.prefillLoadScale = overrides.prefillLoadScale;
  if (overrides.assumeKvReuse !== undefined) wire.assumeKvReuse = overrides.assumeKvReuse;
  if (overrides.trackPrefillTokens !== undefined) wire.trackPrefillTokens = overrides.trackPrefillTokens;
  return wire;
}

/** @throws RpcError `RPC_INVALID_FIELD` for a number that is not within 0 and `WEIGHT_MAX`: it would poison every cost. */
export function decodeOverrides(wire: RouterOverridesOutput | null): RouterOverrides | undefined {
  if (wire === null) return undefined;
  return {
    temperature: checkWeight('temperature', wire.temperature),
    overlapScoreCredit: checkWeight('overlap_score_credit', wire.overlapScoreCredit),
    prefillLoadScale: checkWeight('prefill_load_scale', wire.prefillLoadScale),
    assumeKvReuse: wire.assumeKvReuse,
    trackPrefillTokens: wire.trackPrefillTokens,
  };
}

/** Beyond it costs of long prompts lose what tells workers apart, and end in infinities. */
export const WEIGHT_MAX = 1_000_000;

function checkWeight(field: string, value: number | undefined): number | undefined {
  if (value === undefined || (value >= 0 && value <= WEIGHT_MAX)) return value;
  throw rpcError(
    'RPC_INVALID_FIELD',
    `Cannot use ${field}: it must be 0 to ${WEIGHT_MAX}, received ${value}`,
  );
}

export function encodeConstraints(
  constraints: RoutingConstraints | undefined,
): RoutingConstraintsInput | null {
  if (constraints === undefined) return null;
  const wire: RoutingConstraintsInput = {
    pinnedWorkerId: constraints.pinnedWorkerId ?? '',
    allowedWorkerIds: [...(constraints.allowedWorkerIds ?? [])],
    excludedWorkerIds: [...(constraints.excludedWorkerIds ?? [])],
    requiredTaints: [...(constraints.requiredTaints ?? [])],
  };
  if (constraints.pinnedRank !== undefined) wire.pinnedRank = constraints.pinnedRank;
  return wire;
}

/** @throws RpcError `RPC_MISSING_FIELD` for a pinned rank without its worker. */
export function decodeConstraints(wire: RoutingConstraintsOutput | null): RoutingConstraints | undefined {
  if (wire === null) return undefined;
  if (wire.pinnedRank !== undefined && wire.pinnedWorkerId === '')
    throw rpcError('RPC_MISSING_FIELD', 'Cannot pin a rank: pinned_worker_id is missing');
  return {
    pinnedWorkerId: wire.pinnedWorkerId === '' ? undefined : workerId(wire.pinnedWorkerId),
    pinnedRank: wire.pinnedRank,
    allowedWorkerIds: wire.allowedWorkerIds.map(workerId),
    excludedWorkerIds: wire.excludedWorkerIds.map(workerId),
    requiredTaints: wire.requiredTaints,
  };
}

export function encodeDecision(decision: RouteDecision): RouteDecisionInput {
  return {
    workerId: decision.workerId,
    rank: decision.rank,
    url: decision.url,
    dialect: decision.dialect,
    incarnation: decision.incarnation,
    overlapBlocks: decision.overlapBlocks,
    promptBlocks: decision.promptBlocks,
    blockSize: decision.blockSize,
    cachedTokens: decision.cachedTokens,
    cost: decision.cost,
    // The wire type wants a mutable array but does not change it.
    terms: decision.terms as NonNullable<RouteDecisionInput['terms']>,
    pool: decision.pool ?? '',
    routerAddress: decision.routerAddress ?? '',
  };
}

/** @throws RpcError `RPC_INVALID_FIELD` for a dialect this build does not know. */
export function decodeDecision(wire: RouteDecisionOutput): RouteDecision {
  return {
    workerId: workerId(wire.workerId),
    rank: wire.rank,
    url: wire.url,
    dialect: decodeDialect(wire.dialect),
    incarnation: incarnation(wire.incarnation),
    overlapBlocks: wire.overlapBlocks,
    promptBlocks: wire.promptBlocks,
    blockSize: wire.blockSize,
    cachedTokens: wire.cachedTokens,
    cost: wire.cost,
    terms: wire.terms,
    pool: wire.pool === '' ? null : wire.pool,
    routerAddress: wire.routerAddress === '' ? null : wire.routerAddress,
  };
}

function decodeDialect(text: string): RouteDecision['dialect'] {
  if (text === 'vllm' || text === 'sglang' || text === 'trtllm') return text;
  throw rpcError('RPC_INVALID_FIELD', `Cannot read the decision: dialect ${JSON.stringify(text)} is unknown`);
}

export function decodeLoads(wire: PotentialLoadsOutput): readonly PotentialLoad[] {
  return wire.loads.map((load) => ({ ...load, workerId: workerId(load.workerId) }));
}

export function decodeScores(wire: OverlapScoresOutput): OverlapScores {
  return {
    blockSize: wire.blockSize,
    promptBlocks: wire.promptBlocks,
    scores: wire.scores.map((score) => ({ ...score, workerId: workerId(score.workerId) })),
  };
}

export function encodeChain(chain: DumpedChain): DumpEventsResponseInput {
  return {
    workerId: chain.workerId,
    rank: chain.rank,
    parentHash: chain.parent === null ? Buffer.alloc(0) : encodeWords(chain.parent),
    sequenceHashes: encodeWords(chain.hashes),
  };
}

const HASH_BYTES = 8;

/** @throws RpcError `RPC_INVALID_FIELD` when hashes are not whole. */
export function decodeChain(wire: DumpEventsResponseOutput): DumpedChain {
  const parentIsWhole = wire.parentHash.length === 0 || wire.parentHash.length === HASH_BYTES;
  if (!parentIsWhole || wire.sequenceHashes.length % HASH_BYTES !== 0)
    throw rpcError('RPC_INVALID_FIELD', 'Cannot read the dump: a hash is not 8 bytes long');
  return {
    workerId: workerId(wire.workerId),
    rank: wire.rank,
    parent: wire.parentHash.length === 0 ? null : decodeWords(wire.parentHash),
    hashes: decodeWords(wire.sequenceHashes),
  };
}

export function encodeGenerateEvent(event: GenerateEvent): GenerateResponseInput {
  switch (event.kind) {
    case 'routed':
      return { routed: encodeDecision(event.decision) };
    case 'chunk':
      return { chunkJson: event.json };
  }
}

/** @throws RpcError `RPC_INVALID_FIELD` for an event of a kind this build does not know. */
export function decodeGenerateEvent(wire: GenerateResponseOutput): GenerateEvent {
  if (wire.routed !== undefined && wire.routed !== null)
    return { kind: 'routed', decision: decodeDecision(wire.routed) };
  if (wire.chunkJson !== undefined) return { kind: 'chunk', json: wire.chunkJson };
  throw rpcError('RPC_INVALID_FIELD', 'Cannot read the generated event: its kind is unknown');
}
