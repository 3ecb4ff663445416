import { roleProblem } from '@kvasir/contract';
import type { DialectName } from '@kvasir/contract';
import { parseChatRequest, parseCompletionRequest, relayedRequestReader } from '@kvasir/openai';
import type { ApiRequest } from '@kvasir/openai';
import { requestId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { dialectOf } from './dialects.js';
import type { EngineRequest } from './engine-client.js';
import type { ServingRequest } from './engine-dialect.js';

const names = ['vllm', 'sglang', 'trtllm'] as const satisfies readonly DialectName[];
const chat = { messages: [{ role: 'user', content: 'Hi' }] };

function serving(fields: Record<string, unknown>, asksForUsage = false): ServingRequest {
  const bytes = Buffer.from(JSON.stringify({ model: 'm', ...fields }));
  const reading = 'messages' in fields ? parseChatRequest(bytes) : parseCompletionRequest(bytes);
  if (reading.kind === 'invalid') throw new TypeError(reading.error.message);
  return servingOf(reading.request, asksForUsage);
}
function servingOf(request: ApiRequest, asksForUsage = false): ServingRequest {
  return { request, requestId: requestId('r-1'), forwardedHeaders: ['traceparent', '00-1'], asksForUsage };
}
const bodyOf = ({ body }: EngineRequest): Record<string, unknown> =>
  JSON.parse(body.toString()) as Record<string, unknown>;
const leg = (name: DialectName, request: ServingRequest, rank: number | null = null): EngineRequest =>
  dialectOf(name).aggregatedLeg(request, rank);

describe.each(names)('%s', (name) => {
  it('has a hand-over exactly when its workers may register for one leg', () => {
    expect(dialectOf(name).name).toBe(name);
    for (const role of ['prefill', 'decode'] as const)
      expect(roleProblem({ dialect: name, role }) === null).toBe(dialectOf(name).handover !== null);
    expect(roleProblem({ dialect: name, role: 'both' })).toBeNull();
  });

  it('goes by the OpenAI routes, with the id and the client’s own headers', () => {
    const { path, headers } = leg(name, serving(chat));
    expect(path).toBe('/v1/chat/completions');
    expect(headers).toEqual(
      expect.arrayContaining(['content-type', 'application/json', 'x-request-id', 'r-1', 'traceparent']),
    );
    expect(leg(name, serving({ prompt: 'Hi' })).path).toBe('/v1/completions');
  });

  it('leaves fields alone that another engine has, numbers digit by digit', () => {
    const bytes = Buffer.from(
      '{"model":"m","prompt":[1,2],"seed":9007199254740993,"top_k":5,"ebnf":"x","extra_key":"k","priority":1e0,"prompt_ignore_length":0}',
    );
    const reading = parseCompletionRequest(bytes);
    if (reading.kind === 'invalid') throw new TypeError(reading.error.message);
    expect(leg(name, servingOf(reading.request)).body.toString()).toContain(bytes.toString().slice(0, -1));
  });

  it('asks for the usage of a stream when it is told to, keeping the client’s other options', () => {
    expect(bodyOf(leg(name, serving({ prompt: 'Hi', stream: true }, true)))).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    });
    const own = { include_usage: false, continuous_usage_stats: true, other: 1 };
    expect(
      bodyOf(leg(name, serving({ prompt: 'Hi', stream: true, stream_options: own }, true))),
    ).toMatchObject({ stream_options: { include_usage: true, other: 1 } });
    expect(
      bodyOf(leg(name, serving({ prompt: 'Hi', stream: true, stream_options: own }, true)))['stream_options'],
    ).not.toHaveProperty('continuous_usage_stats');
    expect(bodyOf(leg(name, serving({ prompt: 'Hi', stream: true })))).not.toHaveProperty('stream_options');
  });

  it('probes with a real generation of one token', () => {
    const probe = dialectOf(name).probe('m');
    expect(probe.path).toBe('/v1/completions');
    expect(bodyOf(probe)).toMatchObject({ model: 'm', max_tokens: 1 });
  });
});

describe('sglang', () => {
  it('gives the request its id, which a client may not choose: two of one id get each other’s answers', () => {
    expect(bodyOf(leg('sglang', serving({ ...chat, rid: 'another-s' })))).toEqual({
      model: 'm',
      ...chat,
      rid: 'r-1',
    });
  });

  it('asks for the rank in the header and in the body, as newer and older releases read it', () => {
    const request = leg('sglang', serving({ prompt: 'Hi', routed_dp_rank: 7, data_parallel_rank: 6 }), 3);
    expect(request.headers.slice(-2)).toEqual(['x-data-parallel-rank', '3']);
    expect(bodyOf(request)).toEqual({ model: 'm', prompt: 'Hi', rid: 'r-1', data_parallel_rank: 3 });
    expect(bodyOf(leg('sglang', serving({ prompt: 'Hi', data_parallel_rank: 6 })))).toEqual({
      model: 'm',
      prompt: 'Hi',
      rid: 'r-1',
    });
  });

  it('never lets a client name where KV is fetched from', () => {
    const own = { bootstrap_host: 'evil', bootstrap_port: 1, bootstrap_room: 2, disagg_prefill_dp_rank: 0 };
    expect(bodyOf(leg('sglang', serving({ prompt: 'Hi', ...own })))).toEqual({
      model: 'm',
      prompt: 'Hi',
      rid: 'r-1',
    });
  });

  it('passes what has no ids of its own on as it came', () => {
    const bytes = Buffer.from('{"model":"m","input":"Hi"}');
    const reading = relayedRequestReader('/v1/embeddings', bytes).step(Infinity);
    if (reading?.kind !== 'ok') throw new TypeError('it cannot be read');
    const request = leg('sglang', servingOf(reading.request));
    expect(request).toMatchObject({ path: '/v1/embeddings', body: bytes });
  });
});

describe('trtllm', () => {
  it('is not told what it would refuse: hints that are the router’s', () => {
    const hinted = serving({ prompt: 'Hi', nvext: { agent_hints: { priority: 1 } } });
    expect(bodyOf(leg('trtllm', hinted))).toEqual({ model: 'm', prompt: 'Hi' });
    expect(bodyOf(leg('vllm', hinted))).toHaveProperty('nvext');
  });

  it('never lets a client name where KV is fetched from, and has no rank to ask for', () => {
    const own = { disaggregated_params: { request_type: 'generation_only', ctx_info_endpoint: 'evil' } };
    const request = leg('trtllm', serving({ prompt: 'Hi', ...own }), 3);
    expect(bodyOf(request)).toEqual({ model: 'm', prompt: 'Hi' });
    expect(request.headers).not.toContain('x-data-parallel-rank');
  });

  it('sends the body as it came where nothing has to change', () => {
    const plain = serving({ prompt: 'Hi', stream: true, stream_options: { include_usage: true } });
    expect(leg('trtllm', plain).body).toBe(plain.request.body.bytes);
  });
});
