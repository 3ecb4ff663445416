import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errorOf, metric, payloads, post, PROMPT, Scene } from './scene.js';
import { chunk, event, generates, HANDOVER, isPrefill, prefills, says, serves } from './test-engine.js';
import type { Answer } from './test-engine.js';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const usage = (completion: number) => ({
  prompt_tokens: 12,
  completion_tokens: completion,
  total_tokens: 12 + completion,
  prompt_tokens_details: { cached_tokens: 4 },
});

/** Five tokens in two events, as with speculation or a stream interval; the usage when it is asked for. */
const bursts: Answer = ({ body, response }) => {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  response.write(chunk('a b c') + chunk(' d e', 'stop'));
  const options = body['stream_options'] as { include_usage?: boolean } | undefined;
  if (options?.include_usage === true) response.write(event({ id: 'c', choices: [], usage: usage(5) }));
  response.end('data: [DONE]\n\n');
};

describe('tokens of a stream', () => {
  it('are counted by the engine’s usage, which a client that has not asked for it does not get', async () => {
    const { engine } = await scene.worker('aggregated', 'a', bursts);
    const frontend = await scene.frontend();
    const answer = await post(frontend, { stream: true });
    expect(engine.seen[0]?.body).toEqual({
      model: 'm',
      prompt: PROMPT,
      max_tokens: 3,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(answer.text).toBe(`${chunk('a b c')}${chunk(' d e', 'stop')}data: [DONE]\n\n`);
    expect(await metric(frontend, 'kvasir_frontend_output_tokens_total')).toBe(5);
    expect(await metric(frontend, 'kvasir_frontend_cached_tokens_total')).toBe(4);
  });

  it('are counted alike for a client that asks for the usage, and it has it', async () => {
    await scene.worker('aggregated', 'a', bursts);
    const frontend = await scene.frontend();
    const answer = await post(frontend, { stream: true, stream_options: { include_usage: true } });
    expect(JSON.parse(payloads(answer.text).at(-2) ?? '')).toMatchObject({ usage: usage(5) });
    expect(await metric(frontend, 'kvasir_frontend_output_tokens_total')).toBe(5);
  });

  it('of a decode leg are counted too', async () => {
    await scene.worker('prefill', 'p', prefills(8));
    const { engine } = await scene.worker('decode', 'd', bursts);
    await scene.prefillRouter();
    const frontend = await scene.frontend();
    const answer = await post(frontend, { stream: true });
    expect(engine.seen[0]?.body).toMatchObject({
      kv_transfer_params: HANDOVER,
      stream_options: { include_usage: true },
    });
    expect(answer.text).not.toContain('usage');
    expect(await metric(frontend, 'kvasir_frontend_output_tokens_total')).toBe(5);
    expect(await metric(frontend, 'kvasir_frontend_cached_tokens_total')).toBe(8);
  });
});

describe('engines of several kinds in one pool', () => {
  it('are each asked as they understand it', async () => {
    const seen = await Promise.all(
      (['vllm', 'sglang', 'trtllm'] as const).map(async (dialect) => {
        const { engine } = await scene.worker('aggregated', dialect, generates, { dialect, rankCount: 2 });
        return { dialect, engine };
      }),
    );
    const frontend = await scene.frontend(['--router-temperature', '1']);
    const fields = { rid: 'mine', nvext: { agent_hints: { priority: 0 } } };
    for (let tried = 0; seen.some(({ engine }) => engine.seen.length === 0); tried += 1) {
      expect(tried).toBeLessThan(1_000);
      const answer = await post(frontend, fields);
      expect([answer.status, answer.json['usage']]).toEqual([
        200,
        expect.objectContaining({ prompt_tokens_details: { cached_tokens: 12 } }),
      ]);
    }
    for (const { dialect, engine } of seen) {
      const [asked] = engine.seen;
      const rank = asked?.headers['x-data-parallel-rank'];
      expect(rank ?? '').toMatch(dialect === 'trtllm' ? /^$/ : /^[01]$/);
      expect(asked?.body['rid']).toBe(dialect === 'sglang' ? asked?.headers['x-request-id'] : 'mine');
      expect('nvext' in (asked?.body ?? {})).toBe(dialect !== 'trtllm');
    }
  });

  it.each([
    ['SGLang', { object: 'error', message: 'too long', type: 'BadRequestError', param: null, code: 400 }],
    [
      'TensorRT-LLM',
      { object: 'error', message: 'too long', type: 'BadRequestError', param: null, code: 400 },
    ],
    ['vLLM', { error: { message: 'too long', type: 'BadRequestError', param: null, code: 400 } }],
  ])('say what they refuse in one shape: %s', async (_engine, body) => {
    await scene.worker('aggregated', 'a', says(400, body), { dialect: 'sglang' });
    const frontend = await scene.frontend();
    const answer = await post(frontend);
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toMatchObject({ message: 'too long', type: 'BadRequestError', param: null });
  });
});

describe('legs on engines of several kinds', () => {
  it('are paired by kind: what one cannot fetch another one does', async () => {
    const prefill = await scene.worker('prefill', 'p-vllm', prefills(8));
    const other = await scene.worker('prefill', 'p-sglang', serves, { dialect: 'sglang', role: 'both' });
    const decode = await scene.worker('decode', 'd-vllm', generates);
    const stranger = await scene.worker('decode', 'd-sglang', generates, { dialect: 'sglang', role: 'both' });
    await scene.prefillRouter();
    const frontend = await scene.frontend();
    for (let request = 0; request < 6; request += 1) expect((await post(frontend)).status).toBe(200);
    expect(prefill.engine.seen).toHaveLength(6);
    expect(decode.engine.seen.map(({ body }) => body['kv_transfer_params'])).toEqual(
      Array.from({ length: 6 }, () => HANDOVER),
    );
    expect([other.engine.seen.length, stranger.engine.seen.length]).toEqual([0, 0]);
    // What cannot be split goes to anybody.
    for (let request = 0; request < 12; request += 1)
      expect((await post(frontend, { n: 2 })).status).toBe(200);
    expect(decode.engine.seen.length + stranger.engine.seen.length).toBe(18);
    expect([...decode.engine.seen, ...stranger.engine.seen].filter(isPrefill)).toEqual([]);
  });

  it('that cannot hand over run as one, and are refused where two are enforced', async () => {
    const prefill = await scene.worker('prefill', 'p', prefills(8));
    const decode = await scene.worker('decode', 'd', generates, { dialect: 'sglang', role: 'both' });
    await scene.prefillRouter();
    const frontend = await scene.frontend();
    expect((await post(frontend)).status).toBe(200);
    expect((await post(frontend, { stream: true })).status).toBe(200);
    expect([prefill.engine.seen.length, decode.engine.seen.length]).toEqual([0, 2]);
    const strict = await scene.frontend(['--enforce-disagg']);
    const refused = await post(strict);
    expect(refused.status).toBe(503);
    expect(errorOf(refused).message).toContain('engines of other kinds');
  });

  it('go on without the hand-over when those who could fetch it are gone meanwhile', async () => {
    const decode = await scene.worker('decode', 'd-vllm', generates);
    const stranger = await scene.worker('decode', 'd-sglang', generates, { dialect: 'sglang', role: 'both' });
    await scene.worker('prefill', 'p', (seen) => {
      void decode.lease.release().then(() => prefills(8)(seen));
    });
    await scene.prefillRouter();
    const frontend = await scene.frontend();
    const answer = await post(frontend);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-kvasir-decode-worker')).toBe('d-sglang');
    expect(stranger.engine.seen[0]?.body).not.toHaveProperty('kv_transfer_params');
  });
});
