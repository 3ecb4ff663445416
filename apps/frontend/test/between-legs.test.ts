import { EngineClient, vllmDialect } from '@kvasir/engines';
import { parseCompletionRequest } from '@kvasir/openai';
import { HealthWatch } from '@kvasir/router';
import { createLogger, createMetrics, readOptions, systemClock } from '@kvasir/service';
import { incarnation, requestId, routerId, seededPrng, workerId } from '@kvasir/units';
import { HEALTH_OPTIONS_DEFAULT } from '@kvasir/worker-health';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { frontendConfig } from '../src/config.js';
import { createFrontendMetrics } from '../src/metrics.js';
import type { FrontendMetrics } from '../src/metrics.js';
import { frontendOptions } from '../src/options.js';
import { HandoverReleases } from '../src/serving/handover-releases.js';
import { knownTokens } from '../src/serving/prompt-encoder.js';
import { RequestRecord } from '../src/serving/request-record.js';
import { RequestScope } from '../src/serving/request-scope.js';
import { serveRequest } from '../src/serving/serve-request.js';
import type { ActiveRequest, ServingParts } from '../src/serving/serving-parts.js';
import { WorkerPool } from '../src/worker-pool.js';
import { MODEL, PROMPT, Scene, until } from './scene.js';
import { generates, HANDOVER, hangs, prefills } from './test-engine.js';
import type { Answer, TestEngine } from './test-engine.js';

const logger = createLogger({ name: 'test', level: 'silent' });

/**
 * The moment between the legs lasts no turn of the event loop, so it is made here: the request ends while the prefill booking is freed, which is
 * after the engine's answer and before the decode leg.
 */
describe('a request that ends between its legs', () => {
  let scene: Scene;
  let engines: EngineClient;
  let decodePool: WorkerPool;
  let decode: TestEngine;
  let releases: HandoverReleases;
  let metrics: FrontendMetrics;
  let text: () => Promise<string>;

  beforeEach(async () => {
    scene = new Scene();
    engines = new EngineClient();
    decode = (await scene.worker('decode', 'd', generates)).engine;
    const own = createMetrics('test');
    text = () => own.render();
    metrics = createFrontendMetrics(own, {
      requestsInFlight: () => 0,
      textBytes: () => 0,
      rendersInFlight: () => 0,
      renderCacheBytes: () => 0,
      bodiesArriving: () => 0,
      bodyBytes: () => 0,
    });
    decodePool = pool('decode');
    await decodePool.start();
    await until(() => decodePool.directory.serves(MODEL) && decodePool.notReadyReason() === null);
    releases = new HandoverReleases({ decode: decodePool, engines, metrics, logger });
  });
  afterEach(async () => {
    await releases.close();
    await decodePool.close();
    await engines.close();
    await scene.close();
  });

  function pool(component: 'decode' | 'aggregated'): WorkerPool {
    return new WorkerPool({
      namespace: 'kvasir',
      component,
      scheduler: config().scheduler,
      syncsReplicas: false,
      engines,
      registry: scene.registry,
      eventPlane: scene.plane,
      clock: systemClock,
      prng: seededPrng(1),
      logger,
      routerId: routerId('f'),
      legMetrics: metrics,
      routerTimeoutMs: 2_000,
      health: HEALTH_OPTIONS_DEFAULT,
      onChange: () => undefined,
    });
  }

  function config() {
    const reading = readOptions(frontendOptions, { argv: [], env: {} });
    if (reading.kind !== 'ok') throw new TypeError('Cannot test: the defaults are wrong');
    return frontendConfig(reading.values);
  }

  async function serve(prefillAnswer: Answer, cause: 'clientLeft' | 'deadline') {
    const { engine } = await scene.worker('prefill', 'p', prefillAnswer);
    const scope = new RequestScope(systemClock, 60_000);
    const health = new HealthWatch({
      ...{ options: HEALTH_OPTIONS_DEFAULT, clock: systemClock, logger },
      ...{ serving: () => [], changed: () => undefined, setAside: () => undefined, failed: () => undefined },
    });
    const parts: ServingParts = {
      config: config(),
      decode: decodePool,
      aggregated: pool('aggregated'),
      prefill: {
        isAvailable: () => true,
        dialects: new Set(['vllm'] as const),
        workersOtherThan: () => [],
        lifeOf: () => null,
        book: () =>
          Promise.resolve({
            kind: 'booked',
            booking: {
              decision: {
                workerId: workerId('p'),
                rank: 0,
                url: engine.url,
                dialect: 'vllm',
                incarnation: incarnation('0001'),
                overlapBlocks: 0,
                promptBlocks: 3,
                blockSize: 4,
                cachedTokens: 0,
                cost: 0,
                terms: [],
                pool: null,
                routerAddress: null,
              },
              dialect: vllmDialect,
              rank: null,
              watch: health.leg({ workerId: workerId('p'), requestId: requestId('r'), patienceMs: 0 }),
              firstToken: () => undefined,
              free: () => scope.end(cause),
            },
          }),
      },
      prompts: {
        encode: (request, { limit }) => Promise.resolve(knownTokens(request, limit) ?? { kind: 'ended' }),
        contradicted: () => undefined,
      },
      engines,
      releases,
      metrics,
      clock: systemClock,
      logger,
    };
    const reading = parseCompletionRequest(
      Buffer.from(JSON.stringify({ model: MODEL, prompt: PROMPT, max_tokens: 50, stream: true })),
    );
    if (reading.kind === 'invalid') throw new TypeError(reading.error.message);
    const { request } = reading;
    const record = new RequestRecord(requestId('r'), 'completion', 0);
    const serving = { request, requestId: requestId('r'), forwardedHeaders: [], asksForUsage: false };
    // Nothing is answered on this way: nobody is there to read.
    const answer = undefined as unknown as ActiveRequest['answer'];
    const error = await serveRequest(parts, { request, serving, scope, record, answer });
    return { error, record };
  }

  it.each([
    ['clientLeft', 'client_closed_request'],
    ['deadline', 'request_timeout'],
  ] as const)('lets a decode worker fetch the blocks for one token (%s)', async (cause, code) => {
    const { error, record } = await serve(prefills(), cause);
    expect([error?.code, record.stage]).toEqual([code, 'between']);
    await until(() => decode.seen.length === 1);
    expect(decode.seen[0]?.body).toEqual({
      model: MODEL,
      prompt: PROMPT,
      max_tokens: 1,
      stream: false,
      kv_transfer_params: HANDOVER,
    });
    await expect
      .poll(text)
      .toContain('kvasir_frontend_handover_releases_total{outcome="fetched",service="test"} 1');
    expect(decodePool.bookingCount()).toBe(0);
  });

  it('releases nothing when nothing was handed over', async () => {
    await serve(({ response }) => response.end('{"kv_transfer_params":null}'), 'clientLeft');
    expect(decode.seen).toHaveLength(0);
  });

  it('gives a release up when it closes, and frees its booking', async () => {
    decode.answer = hangs;
    await serve(prefills(), 'clientLeft');
    await until(() => decode.seen.length === 1);
    await releases.close();
    expect(await text()).toContain('outcome="leftToLease",service="test"} 1');
    expect(decodePool.bookingCount()).toBe(0);
  });
});
