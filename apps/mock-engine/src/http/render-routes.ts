import { requestPaths } from '@kvasir/openai';
import type { PromptRequest } from '@kvasir/openai';
import type { FastifyInstance } from 'fastify';
import type { EngineParts } from '../engine-parts.js';
import { encodePrompts } from './api-routes.js';
import { readGenerationRequest } from './generation-request.js';
import type { GenerationRequest } from './generation-request.js';
import type { EngineError } from './engine-error.js';

/** What vLLM has with `--enable-scale-out`: the ids of a request, in the shape that its route from tokens to tokens takes. */
export function addRenderRoutes(server: FastifyInstance, parts: EngineParts): void {
  for (const kind of ['chat', 'completion'] as const) {
    server.post(`${requestPaths[kind]}/render`, async (request, reply) => {
      const rendered = await render(parts, kind, request.body as Buffer);
      if ('status' in rendered) return await reply.code(rendered.status).send(parts.api.errorBody(rendered));
      const { model, prompts } = rendered;
      const items = prompts.map((tokens) => item(parts, model, tokens));
      return await reply.send(kind === 'chat' ? items[0] : items);
    });
  }
}

async function render(
  parts: EngineParts,
  kind: PromptRequest['kind'],
  body: Buffer,
): Promise<{ readonly model: string; readonly prompts: readonly Uint32Array[] } | EngineError> {
  const served = { model: parts.config.model.name, adapters: parts.adapters, api: parts.api };
  const reading = readGenerationRequest(kind, body, served);
  if (reading.kind === 'invalid') return reading.error;
  const request: GenerationRequest = reading.request;
  const prompts = await encodePrompts(parts, request);
  return Array.isArray(prompts) ? { model: request.api.model, prompts } : prompts;
}

function item(parts: EngineParts, model: string, tokens: Uint32Array): object {
  return {
    request_id: `render-${parts.nextSequenceNumber()}`,
    token_ids: [...tokens],
    features: null,
    content_parts: null,
    sampling_params: {},
    model,
  };
}
