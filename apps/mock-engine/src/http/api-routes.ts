import { readChatMessages, requestPaths } from '@kvasir/openai';
import type { PromptRequest } from '@kvasir/openai';
import { TextError } from '@kvasir/text';
import type { TextErrorCode } from '@kvasir/text';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { EngineParts, RankParts } from '../engine-parts.js';
import { answerForm } from './answer-forms.js';

import { withoutImages } from './image-parts.js';
import { readGenerationRequest } from './generation-request.js';
import type { GenerationRequest } from './generation-request.js';
import { Generation } from './generation.js';
import { requestedRank } from './requested-rank.js';
import { StreamAnswer } from './stream-answer.js';
import { engineError } from './engine-error.js';
import type { EngineError } from './engine-error.js';
import { WholeAnswer } from './whole-answer.js';

const MS_PER_S = 1000;

/** The two endpoints that generate, and the list of models. */
export function addApiRoutes(server: FastifyInstance, parts: EngineParts): void {
  for (const kind of ['chat', 'completion'] as const) {
    server.post(requestPaths[kind], async (request, reply) => {
      await generate(parts, kind, { request, reply });
    });
  }
  server.get('/v1/models', () => models(parts));
}

async function generate(
  parts: EngineParts,
  kind: PromptRequest['kind'],
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): Promise<void> {
  const { api } = parts;
  const served = { model: parts.config.model.name, adapters: parts.adapters, api };
  const reading = readGenerationRequest(kind, request.body as Buffer, served);
  if (reading.kind === 'invalid') {
    refuse(parts, reply, reading.error);
    return;
  }
  const error = await accept(parts, reading.request, { request, reply });
  if (error === null) return;
  // As vLLM does since release 0.24: the prefill engine need not keep blocks for a request that was turned away.
  const { transfer } = reading.request;
  if (transfer.kind === 'fetch') void parts.peers.call(transfer.from, 'release');
  refuse(parts, reply, error);
}

async function accept(
  parts: EngineParts,
  generation: GenerationRequest,
  { request, reply }: { request: FastifyRequest; reply: FastifyReply },
): Promise<EngineError | null> {
  if (parts.faults.fault.kind === 'refuse')
    return engineError(503, 'The engine was told to refuse requests.');
  const prompts = await encodePrompts(parts, generation);
  if (!Array.isArray(prompts)) return prompts;
  // The client may have left while its prompt was encoded.
  if (reply.raw.destroyed) return engineError(400, 'The client has left.');
  const wish = parts.api.rankWish(request.headers, generation.api.body);
  const rank = requestedRank(wish, parts.ranks);
  if (typeof rank !== 'number') return rank;
  const driver = parts.ranks.driver(rank);
  if (driver === null) throw new RangeError(`Cannot run a request: there is no rank ${rank}`);
  const job = { request: generation, prompts, requestId: requestIdOf(request, generation, parts) };
  return run({ ...parts, rank, driver }, job, reply);
}

function run(
  parts: RankParts,
  job: {
    readonly request: GenerationRequest;
    readonly prompts: readonly Uint32Array[];
    readonly requestId: string;
  },
  reply: FastifyReply,
): EngineError | null {
  const { request, prompts, requestId } = job;
  const { api } = request;
  if (request.transfer.kind === 'incomplete') {
    const { missing } = request.transfer;
    parts.logger.warn(
      { requestId, missing },
      'kv_transfer_params are incomplete; the prompt is computed here',
    );
  }
  const form = answerForm(api.kind, {
    id: parts.api.answerId(api.kind, requestId),
    model: api.model,
    createdEpochS: Math.floor(parts.epochMs() / MS_PER_S),
    api: parts.api,
    reportsCachedTokens: parts.config.reportsCachedTokens,
  });
  const choiceCount = prompts.length * api.choiceCount;
  const writer = api.isStream
    ? new StreamAnswer(reply, form, { choiceCount, includesUsage: api.includesUsage, api: parts.api })
    : new WholeAnswer(reply, form, { choiceCount, api: parts.api });
  const generation = new Generation(parts, { request, prompts, writer });
  if (parts.api.tellsRequestId) reply.raw.setHeader('x-request-id', requestId);
  const error = generation.start(requestId);
  if (error !== null) return error;
  reply.hijack();
  // After a complete answer this does nothing.
  reply.raw.on('close', () => generation.abort());
  return null;
}

/** What vLLM answers with 400. */
const CLIENT_FAULTS: ReadonlySet<TextErrorCode> = new Set([
  'TEXT_REQUEST_INVALID',
  'TEXT_TEMPLATE_REFUSED',
  'TEXT_ENCODING_FAILED',
] as const);

/** Token ids of each prompt, or why there are none. */
export async function encodePrompts(
  parts: EngineParts,
  request: GenerationRequest,
): Promise<Uint32Array[] | EngineError> {
  const { api, addsSpecialTokens } = request;
  try {
    if (api.kind === 'chat') {
      const reading = readChatMessages(api.messages);
      if (reading.kind === 'invalid') return engineError(400, reading.error.message, reading.error.param);
      const tokens = await parts.text.encodeChat(withoutImages(api.body.bytes));
      return [tokens];
    }
    const prompts = await Promise.all(
      api.prompts.map((prompt) =>
        prompt.kind === 'tokens'
          ? Promise.resolve(prompt.tokens)
          : parts.text.encodeText(JSON.parse(prompt.json.toString('utf8')) as string, {
              addSpecialTokens: addsSpecialTokens,
            }),
      ),
    );
    const size = parts.text.vocabularySize();
    for (const prompt of prompts) {
      const unknown = prompt.find((token) => token >= size);
      if (unknown !== undefined)
        return engineError(400, `Token id ${unknown} is out of vocabulary`, 'prompt');
      if (prompt.length === 0) return engineError(400, 'The prompt has no tokens', 'prompt');
    }
    return prompts;
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    const isClientFault = CLIENT_FAULTS.has(error.code);
    return engineError(isClientFault ? 400 : 503, error.message);
  }
}

function requestIdOf(request: FastifyRequest, { api }: GenerationRequest, parts: EngineParts): string {
  return parts.api.requestId(request.headers, api.body) ?? `mock-${parts.nextSequenceNumber()}`;
}

function refuse({ api }: EngineParts, reply: FastifyReply, error: EngineError): void {
  void reply.code(error.status).send(api.errorBody(error));
}

function models({ config, adapters, api, epochMs }: EngineParts): {
  object: 'list';
  data: readonly object[];
} {
  const { name, contextTokensMax } = config.model;
  const createdEpochS = Math.floor(epochMs() / MS_PER_S);
  return {
    object: 'list',
    data: [
      api.modelCard({ name, createdEpochS, contextTokensMax, parent: null }),
      ...adapters
        .names()
        .map((id) => api.modelCard({ name: id, createdEpochS, contextTokensMax: null, parent: name })),
    ],
  };
}
