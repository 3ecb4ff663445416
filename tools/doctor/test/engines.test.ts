import { encodeEngineBatch, ZmqEventPublisher } from '@kvasir/engine-events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { doctor, Scene } from './scene.js';
import type { FakeEngine } from './fake-engine.js';

const COUNTERS = {
  prompt_tokens_total: 0,
  generation_tokens_total: 0,
  prefix_cache_hits_total: 0,
  request_success_total: 0,
};

describe('an engine', () => {
  let scene: Scene;
  const publishers: ZmqEventPublisher[] = [];
  beforeEach(() => {
    scene = new Scene();
  });
  afterEach(async () => {
    await scene.close();
    for (const publisher of publishers.splice(0)) await publisher.close();
  });

  async function publisher(): Promise<{ readonly endpoint: string; readonly publisher: ZmqEventPublisher }> {
    const made = new ZmqEventPublisher({ endpoint: 'tcp://127.0.0.1:*', replayEndpoint: null, topic: '' });
    await made.start();
    publishers.push(made);
    return { endpoint: made.endpoints().endpoint, publisher: made };
  }

  let blocks = 0;
  function stored(blockSize = 16, rank = 0): Uint8Array {
    blocks += 1;
    return encodeEngineBatch('vllm-array', {
      epochS: 1,
      rank,
      events: [
        {
          kind: 'stored',
          hashes: [BigInt(blocks)],
          parent: null,
          tokens: new Uint32Array(blockSize).fill(blocks),
          namespace: {},
          blockSize,
        },
      ],
    });
  }

  function works(engine: FakeEngine, tokens: number): void {
    const { counters } = engine;
    engine.counters = { ...counters, prompt_tokens_total: (counters['prompt_tokens_total'] ?? 0) + tokens };
  }

  it('that asks for another API key is told by its name', async () => {
    const engine = await scene.engine((made) => (made.key = 'secret'));
    const agent = await scene.agent(['--url', engine.url, '--worker-id', 'w']);
    const told = await scene.found(agent, 'CHECK_API_KEY');
    expect(told).toMatchObject({ severity: 'error', subject: 'w' });
    expect(told.message).toContain('/v1/models answers 401, and no API key was given');
    expect(told.message).toContain('--engine-api-key-file');
    const { text, exitCode } = await doctor('--engine-url', engine.url);
    expect(text).toContain('✗ error: the engine does not take the API key');
    expect(exitCode).toBe(2);
  });

  it('whose event socket nobody serves is told with the address', async () => {
    const engine = await scene.engine();
    const agent = await scene.agent(['--url', engine.url, '--kv-events', 'tcp://127.0.0.1:1']);
    const { message } = await scene.found(agent, 'CHECK_KV_EVENTS_NOT_CONNECTED');
    expect(message).toContain('nobody has answered at tcp://127.0.0.1:1');
  });

  it('that computes and tells nothing is silent, until it tells something', async () => {
    const engine = await scene.engine((made) => (made.counters = COUNTERS));
    const events = await publisher();
    const agent = await scene.agent([
      ...['--url', engine.url, '--kv-events', events.endpoint, '--load-ms', '100'],
    ]);
    await scene.quiet(agent, 'CHECK_KV_EVENTS_SILENT');
    const { message } = await scene.foundWhile(agent, 'CHECK_KV_EVENTS_SILENT', () => works(engine, 64));
    expect(message).toMatch(/has computed some \d+ blocks since its last KV event/);
    expect(message).toContain(events.endpoint);
    events.publisher.publish(stored());
    await scene.over(agent, 'CHECK_KV_EVENTS_SILENT');
  });

  it('whose events are of another engine is told so', async () => {
    const engine = await scene.engine((made) => (made.counters = COUNTERS));
    const events = await publisher();
    const agent = await scene.agent([
      ...['--url', engine.url, '--kv-events', events.endpoint, '--load-ms', '100'],
    ]);
    const { message } = await scene.foundWhile(agent, 'CHECK_KV_EVENTS_FOREIGN', () =>
      events.publisher.publish(stored()),
    );
    expect(message).toContain(`while ${engine.url} had nothing to do`);
  });

  it('whose blocks do not go into the pool is told with both sizes, and so is what its events say', async () => {
    const engine = await scene.engine((made) => (made.blockSize = 24));
    const events = await publisher();
    const agent = await scene.agent([
      ...['--url', engine.url, '--block-size', '16', '--kv-events', events.endpoint],
    ]);
    const { message } = await scene.found(agent, 'CHECK_BLOCK_SIZE');
    expect(message).toContain('has blocks of 24 tokens and its pool blocks of 16');
  });

  it('that does not fit its pool is told with the reason', async () => {
    const [one, other] = [await scene.engine(), await scene.engine((made) => (made.blockSize = 32))];
    await scene.agent(['--url', one.url]);
    const agent = await scene.agent(['--url', other.url, '--worker-id', 'misfit']);
    const { message, subject } = await scene.found(agent, 'CHECK_NOT_REGISTERED');
    expect(subject).toBe('misfit');
    expect(message).toContain('block size 32, but the pool of kvasir.aggregated.generate uses block size 16');
  });

  it('whose events cannot be read is told with the reasons', async () => {
    const engine = await scene.engine();
    const events = await publisher();
    const agent = await scene.agent(['--url', engine.url, '--kv-events', events.endpoint]);
    const { message } = await scene.foundWhile(agent, 'CHECK_KV_EVENTS_NOT_UNDERSTOOD', () =>
      events.publisher.publish(Buffer.from([0x93, 1, 2])),
    );
    expect(message).toMatch(/badBatch \d+/);
  });

  it('with ranks whose ports bring one another’s events is told so', async () => {
    const engine = await scene.engine();
    const events = await publisher();
    const port = Number(events.endpoint.split(':').at(-1));
    const agent = await scene.agent([
      ...['--url', engine.url, '--kv-events', `tcp://127.0.0.1:${port}`, '--data-parallel-ranks', '2'],
    ]);
    const { message } = await scene.foundWhile(agent, 'CHECK_KV_EVENTS_OTHER_RANK', () =>
      events.publisher.publish(stored(16, 1)),
    );
    expect(message).toContain('were of another rank');
  });

  it('that shares its event ports with another is told with both names', async () => {
    const [one, other] = [await scene.engine(), await scene.engine()];
    const file = scene.file('engines.yaml', {
      engines: [
        { url: one.url, workerId: 'a', kvEvents: 'tcp://127.0.0.1:5557', dataParallelRanks: 2 },
        { url: other.url, workerId: 'b', kvEvents: 'tcp://localhost:5558' },
      ],
    });
    const agent = await scene.agent(['--engines-file', file]);
    const { message } = await scene.found(agent, 'CHECK_KV_EVENTS_SHARED');
    expect(message).toContain('tcp://127.0.0.1:5558 is to be read as a socket of "a" and of "b"');
  });

  it('that has the id of another is told with both holders', async () => {
    const [one, other] = [await scene.engine(), await scene.engine()];
    await scene.agent(['--url', one.url, '--worker-id', 'w'], 'gpu-1/10');
    const agent = await scene.agent(['--url', other.url, '--worker-id', 'w'], 'gpu-2/20');
    const { message } = await scene.found(agent, 'CHECK_ID_OF_TWO_ENGINES');
    expect(message).toContain(`"w" is the name of ${one.url} at gpu-1/10 and of ${other.url} at gpu-2/20`);
    expect(message).toContain('give one of them another --worker-id');
  });

  it('is asked to compute by the doctor, who sees what it tells and reports', async () => {
    const events = await publisher();
    const engine = await scene.engine((made) => {
      made.usage = { prompt_tokens: 65, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 64 } };
      made.asked = () => events.publisher.publish(stored());
    });
    const well = await doctor('--engine-url', engine.url, '--kv-events', events.endpoint);
    expect(well.text).toContain('✓ KV events come when it computes');
    expect(well.text).toContain('✓ it reports cached tokens (64 the second time)');
    expect(well.exitCode).toBe(0);
    engine.asked = () => undefined;
    engine.usage = { prompt_tokens: 65, completion_tokens: 1 };
    const ill = await doctor('--engine-url', engine.url, '--kv-events', events.endpoint);
    expect(ill.text).toContain('✗ error: no KV events although the engine computes');
    expect(ill.text).toContain('✗ warning: cached tokens are not reported');
    expect(ill.text).toContain('--enable-prompt-tokens-details');
    expect(ill.exitCode).toBe(2);
  });
});
