import type { DialectName } from '@kvasir/contract';
import { openAiError } from '@kvasir/openai';
import type { ApiRequest, OpenAiError, PromptRequest } from '@kvasir/openai';
import { Attempts } from '@kvasir/worker-health';
import { SseKeepalive } from '../http/sse-keepalive.js';
import type { WorkerPool } from '../worker-pool.js';
import { generate } from './generate.js';
import { pairLegs } from './leg-pairing.js';
import { modelNotFound } from './model-not-found.js';
import { runPrefill } from './prefill-leg.js';
import type { Encoding } from './prompt-encoder.js';
import type { RequestRecord } from './request-record.js';
import { contextError, promptLimit } from './prompt-limit.js';
import type { ActiveRequest, IncomingRequest, ServingParts } from './serving-parts.js';

/**
 * Serves one request to its end: tokens, context check, prefill and decode leg or one leg for both, answer.
 * @returns what is left to be told to the client; null when it has its answer. Never leaves a booking behind.
 */
export async function serveRequest(
  parts: ServingParts,
  incoming: IncomingRequest,
): Promise<OpenAiError | null> {
  const { request, scope, record } = incoming;
  const pool = findPool(parts, request.model);
  if ('status' in pool) return pool;
  const attempts = new Attempts(parts.config.limits.legAttemptsMax);
  // What only the engine understands goes by load.
  if (request.kind === 'relayed')
    return await serveInOneLeg(parts, { ...incoming, attempts, tokens: NO_TOKENS });
  const { contextTokensMax } = pool.directory;
  const limit = promptLimit(request, contextTokensMax);
  const encoding = await parts.prompts.encode(request, { pool: pool.directory, limit, signal: scope.signal });
  if (scope.hasEnded()) return scope.endError();
  if (encoding.kind === 'failed') return encoding.error;
  if (encoding.kind === 'over') {
    return contextError(request, contextTokensMax, `more than ${limit.tokensMax}`);
  }
  if (encoding.kind === 'ok' && encoding.longestPromptTokens > limit.tokensMax) {
    return contextError(request, contextTokensMax, String(encoding.longestPromptTokens));
  }
  if (encoding.kind === 'unknown') parts.metrics.untokenized.inc({ reason: encoding.reason });
  const active = {
    ...incoming,
    tokens: tokensOf(encoding),
    attempts,
  };
  record.promptTokens = active.tokens.length;
  if (encoding.kind === 'ok') record.ownTokens = countOfOnePrompt(encoding);
  const keepalive = keepAlive(parts, active);
  try {
    const error = await serveLegs(parts, active);
    if (error === null) compareCounts(parts, request, encoding, record);
    return error;
  } finally {
    keepalive?.stop();
  }
}

/** Null for several prompts: the engine counts them apart. */
function countOfOnePrompt({ tokens, longestPromptTokens }: Extract<Encoding, { kind: 'ok' }>): number | null {
  return tokens.length === longestPromptTokens ? tokens.length : null;
}

/** What was rendered here and counted otherwise by the engine, where that said. */
function compareCounts(
  { prompts }: ServingParts,
  request: PromptRequest,
  encoding: Encoding,
  { ownTokens, promptTokens }: RequestRecord,
): void {
  if (encoding.kind !== 'ok' || encoding.isRenderedHere !== true || ownTokens === null) return;
  if (ownTokens !== promptTokens) prompts.contradicted(request, ownTokens, promptTokens);
}

/** From now on the request is queued, computed and generated: a stream may be silent for long. */
function keepAlive({ config, clock }: ServingParts, { request, answer }: ActiveRequest): SseKeepalive | null {
  const { sseKeepaliveMs: periodMs } = config;
  return periodMs === null || !request.isStream ? null : new SseKeepalive(answer, { periodMs, clock });
}

async function serveLegs(parts: ServingParts, active: ActiveRequest): Promise<OpenAiError | null> {
  const choice = disaggregation(parts, active.request);
  if (!('status' in choice)) return await serveDisaggregated(parts, active, choice);
  if (parts.config.disaggregation.isEnforced) return choice;
  return await serveInOneLeg(parts, active);
}

const NO_TOKENS = new Uint32Array(0);

/** What a request can be routed by: its prompt, or the beginning of it that is known. */
function tokensOf(encoding: Encoding): Uint32Array {
  if (encoding.kind === 'ok') return encoding.tokens;
  return (encoding.kind === 'unknown' ? encoding.beginning : undefined) ?? NO_TOKENS;
}

async function serveDisaggregated(
  parts: ServingParts,
  active: ActiveRequest,
  dialects: ReadonlySet<DialectName>,
): Promise<OpenAiError | null> {
  const { scope, record, serving, tokens } = active;
  const end = await runPrefill(parts, active, dialects);
  switch (end.kind) {
    case 'ended':
      return scope.endError();
    case 'refused':
      return end.error;
    case 'unavailable':
      if (parts.config.disaggregation.isEnforced) return prefillUnavailable(end.reason);
      record.prefillWorkerId = null;
      return await serveInOneLeg(parts, active);
    case 'done':
      record.mode = 'disaggregated';
      if (!scope.hasEnded()) return await generate(parts, active, parts.decode, end.handover);
      // Between the legs: the blocks are computed and kept for a peer that nobody waits for any more.
      record.stage = 'between';
      if (end.handover !== null) parts.releases.start(serving, tokens, end.handover);
      return scope.endError();
  }
}

async function serveInOneLeg(parts: ServingParts, active: ActiveRequest): Promise<OpenAiError | null> {
  const { aggregated, decode } = parts;
  const pool = aggregated.directory.serves(active.request.model) ? aggregated : decode;
  active.record.mode = 'aggregated';
  return await generate(parts, active, pool, null);
}

/** The pool whose records say what the model is like. @returns an error when nobody serves it. */
function findPool({ decode, aggregated }: ServingParts, model: string): WorkerPool | OpenAiError {
  if (decode.directory.serves(model)) return decode;
  if (aggregated.directory.serves(model)) return aggregated;
  const isKnown = [decode, aggregated].some(({ directory }) => directory.knows(model));
  const hasNobody = decode.directory.model === null && aggregated.directory.model === null;
  return isKnown || hasNobody
    ? openAiError('no_workers', 'No worker that generates is registered now; try again later')
    : modelNotFound(model);
}

/** What the workers of both legs speak when both can be had; else what a client is told who insists on them. */
function disaggregation(parts: ServingParts, request: ApiRequest): ReadonlySet<DialectName> | OpenAiError {
  const { decode, prefill } = parts;
  if (!prefill.isAvailable(request.model)) return prefillUnavailable('no prefill worker is registered');
  if (!decode.directory.serves(request.model)) return prefillUnavailable('no decode worker is registered');
  const pairing = pairLegs(request, prefill.dialects, decode.directory.dialects);
  if (pairing.kind === 'possible') return pairing.dialects;
  if (pairing.reason === 'noCommonDialect')
    return prefillUnavailable(
      'no prefill worker can hand over to a decode worker: they are engines of other kinds',
    );
  const [what, param] = UNSPLITTABLE[pairing.reason];
  return openAiError(
    'unsupported_value',
    `${what} cannot be served disaggregated, which is enforced here`,
    param,
  );
}

const UNSPLITTABLE = {
  relayed: ['Requests of this path', 'model'],
  severalPrompts: ['Several prompts in one request', 'prompt'],
  severalChoices: ['Several choices', 'n'],
  promptLogprobs: ['Log probabilities of the prompt', 'prompt_logprobs'],
} as const;

function prefillUnavailable(reason: string): OpenAiError {
  return openAiError(
    'prefill_unavailable',
    `Disaggregated serving is enforced, but it cannot be had: ${reason}`,
  );
}
