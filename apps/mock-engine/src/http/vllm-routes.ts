import { TextError } from '@kvasir/text';
import type { FastifyInstance } from 'fastify';
import type { EngineParts } from '../engine-parts.js';
import type { EngineMetrics } from '../metrics.js';
import { addAdapterRoutes } from './adapter-routes.js';
import { readFields, sendError } from './body-fields.js';
import { addRenderRoutes } from './render-routes.js';
import { addMetricsRoute } from './service-routes.js';

/** The release whose shapes are spoken. */
const VLLM_VERSION = '0.24.0';

/** Version, metrics, tokenizer, cache and adapters, as on every vLLM server. */
export function addVllmRoutes(server: FastifyInstance, parts: EngineParts, metrics: EngineMetrics): void {
  server.get('/version', () => ({ version: VLLM_VERSION }));
  addMetricsRoute(server, metrics);
  server.post('/reset_prefix_cache', (_request, reply) => {
    // vLLM answers 200 in both cases; a caller that must know looks at the metrics.
    if (!parts.ranks.resetCache()) parts.logger.warn('the prefix cache is in use and was not reset');
    return reply.send('');
  });
  addTokenizerRoutes(server, parts);
  if (parts.config.hasRenderRoutes) addRenderRoutes(server, parts);
  addAdapterRoutes(server, parts.adapters);
}

function addTokenizerRoutes(server: FastifyInstance, parts: EngineParts): void {
  server.post('/tokenize', async (request, reply) => {
    const fields = readFields(request.body, reply);
    if (fields === null) return reply;
    try {
      const tokens = await tokenize(parts, fields);
      if (tokens === null)
        return await sendError(reply, 400, `'prompt' must be a string or 'messages' an array`);
      const { contextTokensMax } = parts.config.model;
      return await reply.send({ count: tokens.length, max_model_len: contextTokensMax, tokens: [...tokens] });
    } catch (error) {
      if (error instanceof TextError) return await sendError(reply, 400, error.message);
      throw error;
    }
  });
  server.post('/detokenize', async (request, reply) => {
    const fields = readFields(request.body, reply);
    if (fields === null) return reply;
    const tokens: unknown = fields['tokens'];
    if (!isTokenList(tokens)) return await sendError(reply, 400, `'tokens' must be an array of token ids`);
    return await reply.send({ prompt: parts.text.decode(tokens) });
  });
}

async function tokenize(
  { text }: EngineParts,
  fields: Readonly<Record<string, unknown>>,
): Promise<Uint32Array | null> {
  const { prompt, messages } = fields;
  if (typeof prompt === 'string')
    return await text.encodeText(prompt, { addSpecialTokens: fields['add_special_tokens'] !== false });
  if (!Array.isArray(messages)) return null;
  return await text.encodeChat({ ...fields, messages: messages as readonly object[] });
}

function isTokenList(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.every((token: unknown) => typeof token === 'number' && Number.isInteger(token) && token >= 0)
  );
}
