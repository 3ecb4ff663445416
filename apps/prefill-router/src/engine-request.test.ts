import type { WorkerRecord } from '@kvasir/contract';
import type { GenerateRequest } from '@kvasir/rpc';
import { incarnation, requestId, workerId } from '@kvasir/units';
import { describe, expect, it } from 'vitest';
import { engineRequest, readSampling } from './engine-request.js';

const worker: WorkerRecord = {
  workerId: workerId('w'),
  incarnation: incarnation('1'),
  endpoint: { namespace: 'kvasir', component: 'prefill', endpoint: 'generate' },
  url: 'http://127.0.0.1:1',
  dialect: 'vllm',
  role: 'prefill',
  model: 'base',
  contextTokensMax: 1000,
  tokenizerPath: null,
  blockSize: 4,
  rankStart: 0,
  rankCount: 1,
  kvBlocksTotal: null,
  batchedTokensMax: null,
  publishesKvEvents: true,
  isDraining: false,
  taints: [],
  loraNames: null,
};

function build(
  sampling: string,
  changes: Partial<GenerateRequest['prompt']> = {},
  at: Partial<WorkerRecord> = {},
) {
  const prompt = { tokens: Uint32Array.of(1, 4_294_967_295), ...changes };
  const samplingJson = Buffer.from(sampling);
  const request = engineRequest({
    requestId: requestId('r1'),
    prompt,
    sampling: readSampling({ requestId: null, prompt, samplingJson }),
    worker: { ...worker, ...at },
    rank: 3,
  });
  return { ...request, text: request.body.toString() };
}

const code = (action: () => unknown): unknown => {
  try {
    return action();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

describe('engineRequest()', () => {
  it('keeps the caller’s fields byte for byte and adds what routing decides', () => {
    const { text, path, headers } = build('{"temperature":0.10,"logit_bias":{"7":-1e2},"max_tokens":5}');
    expect(text).toBe(
      '{"temperature":0.10,"logit_bias":{"7":-1e2},"max_tokens":5,"model":"base","prompt":[1,4294967295],"stream":true}',
    );
    expect(path).toBe('/v1/completions');
    expect(headers).toEqual(['content-type', 'application/json', 'x-request-id', 'r1']);
  });

  it('lets what routing decides win over the caller’s fields', () => {
    const { body } = build('{"model":"other","prompt":"x","stream":false,"cache_salt":"stolen"}');
    expect(JSON.parse(body.toString())).toEqual({ model: 'base', prompt: [1, 4294967295], stream: true });
  });

  it('names the adapter as the model and passes the salt on', () => {
    const { body } = build('', { loraName: 'adapter', cacheSalt: 'salt "1"' });
    expect(JSON.parse(body.toString())).toMatchObject({ model: 'adapter', cache_salt: 'salt "1"' });
  });

  it('refuses media, which token ids do not carry', () => {
    const media = [{ identifier: 'cat', firstToken: 0, tokenCount: 1 }];
    expect(code(() => build('', { media }))).toBe('RPC_INVALID_FIELD');
  });

  it('passes transfer parameters on digit by digit', () => {
    const params = '{"do_remote_decode":true,"remote_block_ids":[9007199254740993]}';
    expect(build(`{"kv_transfer_params":${params}}`).text).toContain(`"kv_transfer_params":${params}`);
    expect(build('{"kv_transfer_params":null}').text).not.toContain('kv_transfer_params');
  });

  it('asks for the rank where a worker has several', () => {
    expect(build('', {}, { rankCount: 8 }).headers).toEqual(
      expect.arrayContaining(['x-data-parallel-rank', '3']),
    );
  });

  it.each(['{"max_tokens":-1}', '{"n":"two"}'])('refuses %s, which no engine would take', (sampling) => {
    expect(code(() => build(sampling))).toBe('RPC_INVALID_FIELD');
  });

  it('refuses an empty prompt', () => {
    expect(code(() => build('', { tokens: new Uint32Array(0) }))).toBe('RPC_INVALID_FIELD');
  });

  it.each(['sglang', 'trtllm'] as const)('speaks to %s, but not of what it cannot fetch', (dialect) => {
    expect(JSON.parse(build('', {}, { dialect }).text)).toMatchObject({
      prompt: [1, 4294967295],
      stream: true,
    });
    const sampling = '{"kv_transfer_params":{"do_remote_prefill":true}}';
    expect(code(() => build(sampling, {}, { dialect }))).toBe('RPC_INVALID_FIELD');
  });
});

describe('readSampling()', () => {
  it.each(['{', '[1]', '"text"', '{"a":1} x'])('refuses %s', (text) => {
    const request = {
      requestId: null,
      prompt: { tokens: new Uint32Array(0) },
      samplingJson: Buffer.from(text),
    };
    expect(code(() => readSampling(request))).toBe('RPC_INVALID_FIELD');
  });

  it('refuses what is not UTF-8', () => {
    const request = {
      requestId: null,
      prompt: { tokens: new Uint32Array(0) },
      samplingJson: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
    };
    expect(code(() => readSampling(request))).toBe('RPC_INVALID_FIELD');
  });
});
