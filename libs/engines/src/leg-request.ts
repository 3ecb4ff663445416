import { requestPaths, scanMembers, spliceJson } from '@kvasir/openai';
import type { ApiRequest, JsonChanges } from '@kvasir/openai';
import type { EngineRequest } from './engine-client.js';
import type { ServingRequest } from './engine-dialect.js';

/** The request of one leg: the client's body with these changes (the body itself when there are none), and the headers that every engine gets. */
export function legRequest(
  { request, requestId, forwardedHeaders }: ServingRequest,
  leg: { readonly changes: JsonChanges; readonly headers?: readonly string[] },
): EngineRequest {
  const { body } = request;
  const removed = (leg.changes.remove ?? []).filter((name) => body.has(name));
  const isChanged = removed.length > 0 || Object.keys(leg.changes.set ?? {}).length > 0;
  return {
    path: request.kind === 'relayed' ? request.path : requestPaths[request.kind],
    headers: [
      'content-type',
      'application/json',
      'x-request-id',
      requestId,
      ...forwardedHeaders,
      ...(leg.headers ?? []),
    ],
    body: isChanged ? spliceJson(body.bytes, body.members(), leg.changes) : body.bytes,
  };
}

/** Header by which vLLM and newer SGLang are told the data-parallel rank. */
export function rankHeader(rank: number | null): readonly string[] {
  return rank === null ? [] : ['x-data-parallel-rank', String(rank)];
}

const ASKED = '{"include_usage":true}';

/** What asks for the usage of a stream, when that is wanted: the client's own options stay, but for a usage in every event. */
export function usageWish({
  request,
  asksForUsage,
}: ServingRequest): Readonly<Record<string, string | Buffer>> {
  return asksForUsage ? { stream_options: usageOptions(request) } : {};
}

function usageOptions({ body }: ApiRequest): string | Buffer {
  const own = body.raw('stream_options');
  const members = own === null ? null : scanMembers(own);
  if (own === null || members === null) return ASKED;
  return spliceJson(own, members, { set: { include_usage: 'true' }, remove: ['continuous_usage_stats'] });
}

/** Asks for one generated token, over the route that requests take. All three engines have it. */
export function completionProbe(model: string): EngineRequest {
  return {
    path: requestPaths.completion,
    headers: ['content-type', 'application/json'],
    body: Buffer.from(JSON.stringify({ model, prompt: 'ping', max_tokens: 1, temperature: 0 })),
  };
}
