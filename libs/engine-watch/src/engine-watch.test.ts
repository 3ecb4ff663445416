import { parseEndpointName, servedNames } from '@kvasir/contract';
import type { WorkerRecord } from '@kvasir/contract';
import { InProcessEventPlane } from '@kvasir/event-plane';
import { InProcessRegistry } from '@kvasir/registry';
import type { EndpointView, RegistryWatch } from '@kvasir/registry';
import { createLogger, createMetrics } from '@kvasir/service';
import { VirtualClock } from '@kvasir/testkit';
import { seededPrng } from '@kvasir/units';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEngineSettings } from './engine-config.js';
import type { EngineConfig, EngineSettings } from './engine-config.js';
import type { EngineFacts } from './engine-facts.js';
import { ENGINE_WATCH_SETTINGS } from './engine-fleet.js';
import type { EngineReply } from './engine-http.js';
import { EngineWatch } from './engine-watch.js';
import type { AskedEngine } from './engine-watch.js';
import { createWatchMetrics } from './watch-metrics.js';

const ENDPOINT = parseEndpointName('kvasir.aggregated.generate');
if (ENDPOINT === null) throw new TypeError('Cannot test: no endpoint');
const endpoint = ENDPOINT;
const logger = createLogger({ name: 'test', level: 'silent' });
const OK: EngineReply = { kind: 'ok', text: '' };
const SILENT: EngineReply = { kind: 'silent' };
const REFUSED: EngineReply = { kind: 'refused' };
const FACTS: EngineFacts = {
  names: ['m'],
  contextTokensMax: 4_096,
  loraNames: [],
  blockSize: 16,
  kvBlocksTotal: 100,
  startedAtMs: null,
  prefixCaching: null,
  modelsStatus: null,
};

/** What an engine would answer. */
class ScriptedEngine implements AskedEngine {
  healthReply = OK;
  factsNow = FACTS;
  isGenerating = true;
  generations = 0;
  work: number | null = null;
  running: number | null = 0;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  async health(_engine: unknown, timeoutMs: number): Promise<EngineReply> {
    if (this.healthReply.kind === 'silent')
      await new Promise<void>((resolve) => this.#clock.after(timeoutMs, resolve));
    return this.healthReply;
  }

  facts(): Promise<EngineFacts> {
    return Promise.resolve(this.factsNow);
  }

  generates(): Promise<boolean> {
    this.generations += 1;
    return Promise.resolve(this.isGenerating);
  }

  loads(): ReturnType<AskedEngine['loads']> {
    const loads =
      this.running === null
        ? new Map()
        : new Map([[0, { runningRequests: this.running, waitingRequests: 0, kvUsage: 0 }]]);
    return Promise.resolve({ loads, workDone: this.work, work: null });
  }

  pullEvents(): Promise<unknown> {
    return Promise.resolve(null);
  }
}

const SETTINGS: EngineSettings = {
  engine: 'vllm',
  url: 'http://gpu-1:8000',
  apiKeyFile: null,
  apiKeyEnv: null,
  kvEvents: null,
  kvCopies: null,
  kvReplay: null,
  kvTopic: '',
  dataParallelRanks: 1,
  role: 'both',
  endpoint: null,
  workerId: 'w1',
  model: null,
  blockSize: null,
  contextTokensMax: null,
  tokenizerPath: null,
  taints: [],
  loraNames: [],
};

function configOf(fields: Partial<EngineSettings> = {}): EngineConfig {
  const reading = readEngineSettings({ ...SETTINGS, ...fields }, String);
  if (reading.kind === 'invalid') throw new Error(reading.problems.join('\n'));
  return reading.config;
}

describe('EngineWatch', () => {
  let clock: VirtualClock;
  let registry: InProcessRegistry;
  let plane: InProcessEventPlane;
  let engine: ScriptedEngine;
  let views: RegistryWatch;
  /** How often nobody was there, since the engine was first. */
  let emptyViews: number;
  const watches: EngineWatch[] = [];

  const worker = (): WorkerRecord | undefined => views.view().workers[0];
  const pass = (durationMs: number): Promise<void> => clock.advanceAsync(durationMs);

  async function watch(
    fields: Partial<EngineSettings> = {},
    parts: { readonly holder?: string; readonly engine?: AskedEngine } = {},
  ): Promise<EngineWatch> {
    const made = new EngineWatch(configOf(fields), {
      ...ENGINE_WATCH_SETTINGS,
      ...{ registry, eventPlane: plane, clock, logger, prng: seededPrng(3) },
      epochMs: () => 1_700_000_000_000 + clock.nowMs(),
      http: parts.engine ?? engine,
      metrics: createWatchMetrics(createMetrics('test'), () => undefined),
      holder: parts.holder ?? 'host/1',
    });
    watches.push(made);
    const started = made.start();
    await pass(engine.healthReply.kind === 'silent' ? ENGINE_WATCH_SETTINGS.healthTimeoutMs : 100);
    await started;
    return made;
  }

  beforeEach(() => {
    clock = new VirtualClock();
    registry = new InProcessRegistry({ clock });
    plane = new InProcessEventPlane({ clock });
    engine = new ScriptedEngine(clock);
    emptyViews = 0;
    let hasBeen = false;
    views = registry.watch(endpoint, ({ workers }: EndpointView) => {
      if (hasBeen && workers.length === 0) emptyViews += 1;
      hasBeen ||= workers.length > 0;
    });
  });
  afterEach(async () => {
    const closed = Promise.all(watches.splice(0).map((made) => made.close()));
    // A look that has begun comes to its end first.
    await pass(10_000);
    await closed;
    views.close();
    await registry.close();
    await plane.close();
    expect(clock.pendingTimerCount).toBe(0);
  });

  describe('a slow health route', () => {
    it('does not outvote generations that succeed', async () => {
      await watch();
      const before = worker();
      engine.healthReply = SILENT;
      await pass(120_000);
      expect(worker()).toBe(before);
      expect(emptyViews).toBe(0);
      expect(engine.generations).toBeGreaterThan(10);
    });

    it('does not outvote counters that grow, and then nothing is generated for us', async () => {
      await watch();
      engine.isGenerating = false;
      engine.healthReply = SILENT;
      engine.work = 0;
      for (let second = 0; second < 60; second += 1) {
        engine.work += 7;
        await pass(1_000);
      }
      expect(emptyViews).toBe(0);
      expect(engine.generations).toBe(0);
    });

    it('is believed when nothing else shows that the engine works, and the same life comes back', async () => {
      const made = await watch();
      const before = worker();
      engine.isGenerating = false;
      engine.healthReply = SILENT;
      await pass(15_000);
      expect(worker()).toBeUndefined();
      expect(made.downReason).toBe('its health route does not answer');
      engine.healthReply = OK;
      await pass(3_000);
      expect(worker()).toEqual(before);
      expect(made.downReason).toBeNull();
    });

    it('brings an engine back that was off the list but generates', async () => {
      engine.healthReply = SILENT;
      await watch();
      await pass(10_000);
      expect(worker()?.model).toBe('m');
    });
  });

  it('is not asked for again while it has not answered', async () => {
    await watch();
    engine.healthReply = SILENT;
    engine.isGenerating = false;
    await pass(100_000);
    engine.healthReply = OK;
    await pass(4_000);
    expect(worker()).toBeDefined();
  });

  describe('an engine that refuses', () => {
    it('gets nothing new at once, and finishes for as long as it may', async () => {
      const made = await watch();
      engine.healthReply = REFUSED;
      await pass(1_000);
      expect(worker()?.isDraining).toBe(true);
      expect(made.downReason).toBe('it is drained: it takes nothing new itself');
      await pass(25_000);
      expect(worker()?.isDraining).toBe(true);
      await pass(10_000);
      expect(worker()).toBeUndefined();
    });

    it('takes requests again when it does', async () => {
      await watch();
      const before = worker();
      engine.healthReply = { kind: 'status', status: 503 };
      await pass(5_000);
      expect(worker()?.isDraining).toBe(true);
      engine.healthReply = OK;
      await pass(1_000);
      expect(worker()).toEqual(before);
      expect(emptyViews).toBe(0);
    });
  });

  describe('facts', () => {
    it('are told as they change, in the same life', async () => {
      await watch();
      const before = worker();
      engine.factsNow = {
        ...FACTS,
        names: ['m-latest', 'm'],
        contextTokensMax: 8_192,
        loraNames: ['sql'],
      };
      await pass(3_000);
      const now = worker();
      expect(now).toMatchObject({ model: 'm', contextTokensMax: 8_192, loraNames: ['sql'] });
      expect(now?.incarnation).toBe(before?.incarnation);
      expect(now === undefined ? [] : servedNames(now)).toEqual(['m', 'm-latest']);
      expect(emptyViews).toBe(0);
    });

    it.each<[string, Partial<EngineFacts>, Partial<WorkerRecord>]>([
      ['another model', { names: ['m2'] }, { model: 'm2' }],
      ['another block size', { blockSize: 32 }, { blockSize: 32 }],
      ['another size of the cache', { kvBlocksTotal: 7 }, { kvBlocksTotal: 7 }],
      ['another process', { startedAtMs: 5 }, { startedAtMs: 5 }],
    ])('of %s begin another life, without a moment in which nobody is there', async (_, facts, record) => {
      engine.factsNow = { ...FACTS, startedAtMs: 1 };
      await watch();
      const before = worker();
      engine.factsNow = { ...engine.factsNow, ...facts };
      await pass(3_000);
      expect(worker()).toMatchObject(record);
      expect(worker()?.incarnation).not.toBe(before?.incarnation);
      expect(emptyViews).toBe(0);
    });

    it('of a model that the pool does not serve take the engine off, with the reason', async () => {
      const made = await watch();
      const other = new ScriptedEngine(clock);
      await watch({ url: 'http://gpu-2:8000', workerId: 'w2' }, { engine: other });
      engine.factsNow = { ...FACTS, names: ['m2'] };
      await pass(3_000);
      expect(views.view().workers.map(({ workerId }) => workerId)).toEqual(['w2']);
      expect(made.downReason).toContain('serves model "m2", but the pool');
    });

    it('are kept while the engine does not say them', async () => {
      await watch();
      const before = worker();
      engine.factsNow = {
        ...{ names: null, contextTokensMax: null, loraNames: null, modelsStatus: 500 },
        ...{ blockSize: null, kvBlocksTotal: null, startedAtMs: null, prefixCaching: null },
      };
      await pass(10_000);
      expect(worker()).toEqual(before);
    });
  });

  it('calls a missing key by its name', async () => {
    engine.factsNow = { ...FACTS, names: null, modelsStatus: 401 };
    const made = await watch();
    expect(made.downReason).toMatch(/^it answers 401: give an API key/);
    engine.factsNow = FACTS;
    await pass(1_000);
    expect(made.downReason).toBeNull();
  });

  it('is not registered for a leg that its engine cannot serve, and says so', async () => {
    const made = await watch({ engine: 'sglang', role: 'prefill' });
    expect(made.downReason).toContain('sglang engines cannot have the role prefill');
    expect(worker()).toBeUndefined();
  });

  describe('a hand-over', () => {
    it('leaves the engine registered for its time, and the next agent takes over the same life', async () => {
      const first = await watch();
      const before = worker();
      await first.leave();
      await pass(20_000);
      expect(worker()).toEqual({ ...before, holder: undefined });
      await watch({}, { holder: 'host/2' });
      expect(worker()).toEqual({ ...before, holder: 'host/2' });
      await pass(60_000);
      expect(worker()?.holder).toBe('host/2');
      expect(emptyViews).toBe(0);
    });

    it('ends when nobody comes', async () => {
      const first = await watch();
      await first.leave();
      await pass(31_000);
      expect(worker()).toBeUndefined();
    });

    it('begins another life when the engine is another one by then', async () => {
      const first = await watch();
      const before = worker();
      await first.leave();
      engine.factsNow = { ...FACTS, names: ['m2'] };
      await watch({}, { holder: 'host/2' });
      expect(worker()?.model).toBe('m2');
      expect(worker()?.incarnation).not.toBe(before?.incarnation);
    });

    it('keeps what an operator has asked for', async () => {
      const first = await watch();
      await first.setDraining('operator', true);
      expect(worker()?.isDraining).toBe(true);
      await first.leave();
      const second = await watch({}, { holder: 'host/2' });
      await pass(5_000);
      expect(worker()).toMatchObject({ isDraining: true, holder: 'host/2' });
      await second.setDraining('operator', false);
      expect(worker()?.isDraining).toBe(false);
    });
  });

  describe('two agents for one name', () => {
    it('of two engines: the second is told of both, and the first keeps it', async () => {
      await watch();
      const second = await watch({ url: 'http://gpu-2:8000' }, { holder: 'other/7' });
      await pass(5_000);
      expect(worker()).toMatchObject({ url: 'http://gpu-1:8000', holder: 'host/1' });
      expect(second.downReason).toBe(
        '"w1" is the name of http://gpu-1:8000 at host/1 and of http://gpu-2:8000 at other/7: give one of them another --worker-id',
      );
    });

    it('of one engine: the second begins a life of its own, the first stands back until it has gone', async () => {
      const first = await watch();
      const before = worker();
      const second = await watch({}, { holder: 'other/7' });
      await pass(5_000);
      expect(worker()?.holder).toBe('other/7');
      expect(second.downReason).toBeNull();
      // The first one numbers batches of the life before for a moment longer.
      expect(worker()?.incarnation).not.toBe(before?.incarnation);
      expect(first.downReason).toBe(
        '"w1" is looked after by other/7 already: host/1 stands back until that one has gone',
      );
      await second.leave();
      await pass(2_000);
      expect(worker()?.holder).toBe('host/1');
      expect(emptyViews).toBe(0);
    });
  });

  it('says when an engine has finished what it had', async () => {
    const made = await watch();
    engine.running = 3;
    await made.setDraining('removed', true);
    let isOver = false;
    void made.finished().then(() => (isOver = true));
    await pass(10_000);
    expect(isOver).toBe(false);
    engine.running = 0;
    await pass(4_000);
    expect(isOver).toBe(true);
  });

  it('gives up an engine that never finishes after its time', async () => {
    const made = await watch();
    engine.running = null;
    await made.setDraining('removed', true);
    let isOver = false;
    void made.finished().then(() => (isOver = true));
    await pass(29_000);
    expect(isOver).toBe(false);
    await pass(3_000);
    expect(isOver).toBe(true);
  });

  it('changes settings under the record', async () => {
    const made = await watch();
    const before = worker();
    const changed = made.reconfigure(configOf({ taints: ['zone=b'], contextTokensMax: 100 }));
    await pass(10);
    await changed;
    expect(worker()).toEqual({ ...before, taints: ['zone=b'], contextTokensMax: 100 });
  });
});
