import { sequenceHashes } from '@kvasir/block-hash';
import { createTextService, mockTokenizerPath } from '@kvasir/text';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Frontend } from '../src/index.js';
import { metric, post, Scene, until } from './scene.js';
import type { TestWorker } from './scene.js';
import { generates, hangs, says } from './test-engine.js';
import type { Answer, SeenRequest } from './test-engine.js';

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => scene.close());

const CHAT = '/v1/chat/completions';
const messages = [{ role: 'user', content: 'a prompt that only the engine can render' }];
/** As no tokenizer would make them of these messages. */
const IDS = Array.from({ length: 40 }, (_, index) => 1_000 + index);
const rendered = (ids: readonly number[], features: unknown = null) => ({ token_ids: ids, features });

/** Renders by `render` where that path is asked for, and generates. */
const rendersBy =
  (render: Answer): Answer =>
  (seen) =>
    (isRender(seen) ? render : generates)(seen);
const isRender = ({ path }: SeenRequest): boolean => path.endsWith('/render') || path === '/tokenize';

async function holding(worker: TestWorker, ids: readonly number[]): Promise<void> {
  worker.publisher.publishStored(0, null, sequenceHashes(Uint32Array.from(ids), 4));
  worker.publisher.flush();
  await Promise.resolve();
}

async function overlap(frontend: Frontend, fields: object = { messages }, path = CHAT): Promise<number> {
  const { status, headers } = await post(frontend, { prompt: undefined, ...fields }, { path });
  expect(status).toBe(200);
  return Number(headers.get('x-kvasir-overlap-blocks'));
}

const renders = (frontend: Frontend, outcome: string): Promise<number> =>
  metric(frontend, 'kvasir_frontend_renders_total', `outcome="${outcome}"`);
const untokenized = (frontend: Frontend, reason: string): Promise<number> =>
  metric(frontend, 'kvasir_frontend_untokenized_requests_total', `reason="${reason}"`);

describe('--tokenizer engine', () => {
  it('finds prompts by the ids that the engine makes of them, and asks once for equal ones', async () => {
    const worker = await scene.worker('aggregated', 'a', rendersBy(says(200, rendered(IDS))));
    const frontend = await scene.frontend(['--tokenizer', 'engine']);
    await holding(worker, IDS);
    await expect.poll(() => overlap(frontend)).toBe(10);
    expect(await overlap(frontend, { messages, temperature: 0.5 })).toBe(10);
    expect(worker.engine.seen.filter(isRender).map(({ path }) => path)).toEqual([`${CHAT}/render`]);
    expect(await renders(frontend, 'rendered')).toBe(1);
    expect(await renders(frontend, 'cached')).toBeGreaterThan(0);
    expect(await metric(frontend, 'kvasir_frontend_render_cache_bytes')).toBeGreaterThan(160);
  });

  it('asks for completions, and not for prompts of ids', async () => {
    const worker = await scene.worker('aggregated', 'a', rendersBy(says(200, [rendered(IDS)])));
    const frontend = await scene.frontend(['--tokenizer', 'engine']);
    await holding(worker, IDS);
    await expect.poll(() => overlap(frontend, { prompt: IDS }, '/v1/completions')).toBe(10);
    expect(worker.engine.seen.filter(isRender)).toEqual([]);
    expect(await overlap(frontend, { prompt: 'text' }, '/v1/completions')).toBe(10);
    expect(worker.engine.seen.filter(isRender)).toHaveLength(1);
  });

  it('never takes equal ids for equal content from the first image on', async () => {
    const features = { mm_hashes: { image: ['x'] }, mm_placeholders: { image: [{ offset: 20, length: 8 }] } };
    const worker = await scene.worker('aggregated', 'a', rendersBy(says(200, rendered(IDS, features))));
    const frontend = await scene.frontend(['--tokenizer', 'engine']);
    await holding(worker, IDS);
    await expect.poll(() => overlap(frontend)).toBe(5);
  });

  it('takes the tokenizer’s route of engines that have no other, for what it makes the same of', async () => {
    const missing = says(404, { detail: 'Not Found' });
    const tokenizes = says(200, { tokens: IDS });
    const answer: Answer = (seen) => (seen.path === '/tokenize' ? tokenizes : missing)(seen);
    const worker = await scene.worker('aggregated', 'a', rendersBy(answer));
    const frontend = await scene.frontend(['--tokenizer', 'engine']);
    await holding(worker, IDS);
    await expect.poll(() => overlap(frontend)).toBe(10);
    expect(await overlap(frontend, { messages, documents: [] })).toBe(0);
    expect(worker.engine.seen.filter(isRender).map(({ path }) => path)).toEqual([
      `${CHAT}/render`,
      '/tokenize',
    ]);
    expect(await untokenized(frontend, 'noRenderer')).toBe(1);
  });

  it.each([
    [
      'refused',
      'renderRefused',
      says(400, { error: { message: 'no such role', type: 'BadRequestError', code: 400 } }),
    ],
    [
      'refused',
      'renderRefused',
      says(404, { error: { message: 'no such model', type: 'NotFoundError', code: 404 } }),
    ],
    [
      'failed',
      'renderFailed',
      says(500, { error: { message: 'broken', type: 'InternalServerError', code: 500 } }),
    ],
    ['failed', 'renderFailed', says(200, { token_ids: 'none' })],
    ['noRoute', 'noRenderer', says(404, { detail: 'Not Found' })],
    ['timeout', 'renderTimeout', hangs],
  ])('costs affinity and nothing else when a render ends as %s', async (outcome, reason, render) => {
    const worker = await scene.worker('aggregated', 'a', rendersBy(render));
    const timeoutMs = outcome === 'timeout' ? '50' : '60000';
    const frontend = await scene.frontend(['--tokenizer', 'engine', '--render-timeout-ms', timeoutMs]);
    for (let count = 1; count <= 5; count += 1) expect(await overlap(frontend)).toBe(0);
    expect(await renders(frontend, outcome)).toBe(5);
    expect(await untokenized(frontend, reason)).toBe(5);
    // Not even the only worker is thought less of, although it failed five times.
    expect(worker.engine.seen.filter((seen) => !isRender(seen))).toHaveLength(5);
    expect(frontend.readiness().kind).toBe('ready');
    expect(await metric(frontend, 'kvasir_frontend_leg_failures_total')).toBe(0);
  });

  it('has no more renders in flight than may be', async () => {
    const held: SeenRequest[] = [];
    await scene.worker(
      'aggregated',
      'a',
      rendersBy((seen) => void held.push(seen)),
    );
    const argv = ['--tokenizer', 'engine', '--renders-max', '1', '--render-timeout-ms', '60000'];
    const frontend = await scene.frontend(argv);
    const first = overlap(frontend);
    await until(() => held.length === 1);
    expect(await overlap(frontend, { messages, documents: [] })).toBe(0);
    expect(await untokenized(frontend, 'rendersBusy')).toBe(1);
    for (const seen of held) says(200, rendered(IDS))(seen);
    await first;
  });

  it('asks another engine when one cannot be reached', async () => {
    const fails = await scene.worker(
      'aggregated',
      'a',
      rendersBy(says(500, { error: { message: 'broken' } })),
    );
    const works = await scene.worker('aggregated', 'b', rendersBy(says(200, rendered(IDS))));
    const frontend = await scene.frontend(['--tokenizer', 'engine', '--render-cache-bytes-max', '0']);
    for (let count = 0; count < 4; count += 1) await overlap(frontend);
    expect(await renders(frontend, 'rendered')).toBe(4);
    // It rests after its first failure.
    expect(fails.engine.seen.filter(isRender).length).toBeLessThanOrEqual(1);
    expect(works.engine.seen.filter(isRender)).toHaveLength(4);
  });

  it('asks a renderer without a GPU in the place of the engines', async () => {
    const renderer = await scene.worker('prefill', 'r', says(200, rendered(IDS)), { model: 'other' });
    const worker = await scene.worker('aggregated', 'a', generates, { loraNames: ['sql'] });
    const frontend = await scene.frontend([
      '--tokenizer',
      'engine',
      '--renderer-url',
      `${renderer.engine.url}/`,
    ]);
    await holding(worker, IDS);
    await expect.poll(() => overlap(frontend)).toBe(10);
    await overlap(frontend, { messages, model: 'sql', documents: [] });
    // Adapters are the engines' alone.
    expect(renderer.engine.seen.map(({ body }) => body['model'])).toEqual(['m', 'm']);
  });
});

describe('other sources of tokens', () => {
  it('asks the engine for what this process cannot render', async () => {
    const worker = await scene.worker('aggregated', 'a', rendersBy(says(200, rendered(IDS))));
    const frontend = await scene.frontend(['--tokenizer', 'auto']);
    await holding(worker, IDS);
    await expect.poll(() => overlap(frontend)).toBe(10);
  });

  it.each([['local'], ['bytes']])('asks nobody with --tokenizer %s', async (source) => {
    const path = source === 'bytes' ? mockTokenizerPath : null;
    const worker = await scene.worker('aggregated', 'a', generates, { tokenizerPath: path });
    const frontend = await scene.frontend(['--tokenizer', source]);
    expect(await overlap(frontend)).toBe(0);
    expect(await untokenized(frontend, 'noTokenizer')).toBe(1);
    expect(worker.engine.seen.filter(isRender)).toEqual([]);
  });

  it('renders here what can be rendered here', async () => {
    const worker = await scene.worker('aggregated', 'a', rendersBy(hangs), {
      tokenizerPath: mockTokenizerPath,
    });
    const frontend = await scene.frontend(['--tokenizer', 'local']);
    const text = createTextService({ tokenizerPath: mockTokenizerPath });
    await text.start();
    const ids = await text.encodeChat({ messages });
    await text.close();
    await holding(worker, [...ids]);
    await expect.poll(() => overlap(frontend)).toBe(Math.floor(ids.length / 4));
  });
});

describe('--tokenizer auto', () => {
  const question = { messages: [{ role: 'user', content: 'Which way is the harbour, and how far is it?' }] };

  it('is proved at its start, and leaves to the engine what that renders otherwise', async () => {
    const text = createTextService({ tokenizerPath: mockTokenizerPath });
    await text.start();
    const answer: Answer = (seen) => {
      if (seen.path !== `${CHAT}/render`) {
        says(404, { error: { message: 'none such', code: 404 } })(seen);
        return;
      }
      if ('tools' in seen.body) {
        says(200, rendered(IDS))(seen);
        return;
      }
      const { messages: asked } = seen.body as { messages: object[] };
      void text.encodeChat({ messages: asked }).then((tokens) => says(200, rendered([...tokens]))(seen));
    };
    const worker = await scene.worker('aggregated', 'a', rendersBy(answer), {
      tokenizerPath: mockTokenizerPath,
    });
    const frontend = await scene.frontend(['--tokenizer', 'auto', '--render-timeout-ms', '60000']);
    const shape = (name: string, source: string): Promise<number> =>
      metric(frontend, 'kvasir_frontend_render_shapes', `shape="${name}",source="${source}"`);
    await expect.poll(() => shape('chat+tools', 'engine'), { timeout: 10_000 }).toBe(1);
    expect(await shape('chat', 'here')).toBe(1);
    await holding(worker, IDS);
    const tools = [{ type: 'function', function: { name: 'f' } }];
    await expect.poll(() => overlap(frontend, { ...question, tools }), { timeout: 10_000 }).toBe(10);
    await text.close();
  });

  it('moves a shape to the engine whose count contradicts', async () => {
    const worker = await scene.worker('aggregated', 'a', rendersBy(says(404, { detail: 'Not Found' })), {
      tokenizerPath: mockTokenizerPath,
    });
    const frontend = await scene.frontend(['--tokenizer', 'auto', '--render-timeout-ms', '60000']);
    // The engine says that its prompts have 12 tokens.
    expect(await overlap(frontend, question)).toBe(0);
    const moved = 'shape="chat",source="engine"';
    expect(await metric(frontend, 'kvasir_frontend_render_shapes', moved)).toBe(1);
    // Nobody else can render it: what can be had here is more than nothing.
    await overlap(frontend, question);
    expect(await metric(frontend, 'kvasir_frontend_untokenized_requests_total')).toBe(0);
    expect(worker.engine.seen.filter((seen) => !isRender(seen))).toHaveLength(2);
  });
});
