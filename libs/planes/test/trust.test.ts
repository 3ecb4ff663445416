/** Two processes and a stranger on real NATS and Redis: who has the secret is believed, nobody else. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeEngineLoad, subjects } from '@kvasir/contract';
import type { WorkerRecord } from '@kvasir/contract';
import { createLogger, defineOptions, joinMetrics, readOptions, systemClock } from '@kvasir/service';
import { startNatsServer, startRedisServer } from '@kvasir/testkit';
import type { ServerProcess } from '@kvasir/testkit';
import { incarnation, workerId } from '@kvasir/units';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openPlanes, planeOptions } from '../src/index.js';
import type { Planes, PlaneValues } from '../src/index.js';

const [KEY_1, KEY_2] = ['1'.repeat(64), '2'.repeat(64)];
const endpoint = { namespace: 'kvasir', component: 'decode', endpoint: 'generate' };
const LOADS = subjects.engineLoads(endpoint, workerId('w1'));
const source = { workerId: workerId('w1'), incarnation: incarnation('i1'), rank: 0 };
const load = encodeEngineLoad({
  source,
  load: { runningRequests: 1, waitingRequests: 0, kvUsage: null },
});
const worker = (name: string, url = 'http://10.0.0.1:8000'): WorkerRecord => ({
  workerId: workerId(name),
  incarnation: incarnation('i1'),
  endpoint,
  url,
  dialect: 'vllm',
  role: 'both',
  model: 'm',
  contextTokensMax: 1_024,
  tokenizerPath: null,
  blockSize: 16,
  rankStart: 0,
  rankCount: 1,
  kvBlocksTotal: null,
  batchedTokensMax: null,
  publishesKvEvents: false,
  isDraining: false,
  taints: [],
  loraNames: null,
});

let nats: ServerProcess;
let redis: ServerProcess;
beforeAll(async () => {
  [nats, redis] = [await startNatsServer(), await startRedisServer()];
});
afterAll(async () => {
  await nats.stop();
  await redis.stop();
});

const opened: Planes[] = [];
const lines: string[] = [];
afterEach(async () => {
  for (const planes of opened.splice(0)) await planes.close();
  lines.length = 0;
});

function valuesOf(argv: readonly string[]): PlaneValues {
  const options = defineOptions({ program: 'test', summary: 'A test.', options: planeOptions });
  const servers = [
    ...['--nats-url', `nats://127.0.0.1:${nats.port}`],
    ...['--redis-url', `redis://127.0.0.1:${redis.port}`],
  ];
  const reading = readOptions(options, { argv: [...servers, ...argv], env: {} });
  if (reading.kind !== 'ok') throw new Error(`Cannot test: the flags are ${reading.kind}`);
  return reading.values;
}

async function open(...argv: string[]): Promise<Planes> {
  const destination = { write: (line: string) => lines.push(line) };
  const logger = createLogger({ name: 'test', level: 'info', destination });
  const planes = await openPlanes(valuesOf(argv), { clock: systemClock, logger, name: 'test' });
  opened.push(planes);
  return planes;
}

function secretFile(...keyLines: string[]): string {
  const path = join(mkdtempSync(join(tmpdir(), 'kvasir-secret-')), 'secret');
  writeFileSync(path, `# of a test\n${keyLines.join('\n')}\n`);
  return path;
}

const received = (planes: Planes): Uint8Array[] => {
  const payloads: Uint8Array[] = [];
  planes.eventPlane.subscribe(LOADS, ({ payload }) => payloads.push(payload));
  return payloads;
};
const shown = (planes: Planes): (() => string) => {
  const watch = planes.registry.watch(endpoint, () => undefined);
  return () =>
    watch
      .view()
      .workers.map((record) => record.workerId)
      .join(' ');
};
const metricsOf = async ({ otherMetrics }: Planes): Promise<string> => {
  const [first, ...others] = otherMetrics;
  return first === undefined ? '' : await joinMetrics(first, others).render();
};

describe('with a plane secret', () => {
  it('messages and records of who has it are believed, those of a stranger are dropped, counted and named', async () => {
    const path = secretFile(KEY_1);
    const [sender, receiver, stranger] = [
      await open('--plane-secret-file', path),
      await open('--plane-secret-file', path),
      await open(),
    ];
    expect(receiver.trustsWorkers).toBe(true);
    expect(stranger.trustsWorkers).toBe(false);
    expect(lines.filter((line) => line.includes('no --plane-secret-file'))).toHaveLength(1);
    const [payloads, seen] = [received(receiver), shown(receiver)];
    await receiver.eventPlane.flush();
    for (let message = 0; message < 50; message += 1) stranger.eventPlane.publish(LOADS, load);
    sender.eventPlane.publish(LOADS, load);
    await stranger.registry.registerWorker(worker('forged'), 5_000);
    await sender.registry.registerWorker(worker('w1'), 5_000);
    await Promise.all([sender.eventPlane.flush(), stranger.eventPlane.flush()]);
    await vi.waitFor(() => {
      expect(payloads).toHaveLength(1);
      expect(seen()).toBe('w1');
    });
    await vi.waitFor(async () => {
      const text = await metricsOf(receiver);
      expect(text).toMatch(/refused_messages_total\{subject="engine-loads",fault="missing",.*\} 50/);
      expect(text).toMatch(/bad_records_total\{kind="unsealed",.*\} 1/);
    });
    expect(stranger.otherFindings().map(({ code }) => code)).toContain('CHECK_NO_PLANE_SECRET');
    const refused = receiver.otherFindings().find(({ code }) => code === 'CHECK_PLANE_MESSAGES_REFUSED');
    expect(refused?.message).toContain(
      '50 messages of the kind engine-loads were refused in the last minute: missing',
    );
    expect(sender.otherFindings().map(({ code }) => code)).not.toContain('CHECK_NO_PLANE_SECRET');
    // However many there are, few lines tell of them.
    expect(lines.filter((line) => line.includes('without a seal')).length).toBeLessThan(6);
    expect(lines.filter((line) => line.includes('worker:forged')).length).toBeGreaterThan(0);
  });

  it('the keys are changed one after the other without anybody being dropped', async () => {
    const [one, other] = [secretFile(KEY_1), secretFile(KEY_1)];
    const [sender, receiver] = [
      await open('--plane-secret-file', one),
      await open('--plane-secret-file', other),
    ];
    const [payloads, seen] = [received(receiver), shown(receiver)];
    await receiver.eventPlane.flush();
    await sender.registry.registerWorker(worker('w1'), 1_500);
    const arrives = async (): Promise<void> => {
      const before = payloads.length;
      sender.eventPlane.publish(LOADS, load);
      await vi.waitFor(() => expect(payloads).toHaveLength(before + 1));
      await vi.waitFor(() => expect(seen()).toBe('w1'), { timeout: 5_000 });
    };
    const change = async (path: string, ...keyLines: string[]): Promise<void> => {
      const before = lines.length;
      writeFileSync(path, `${keyLines.join('\n')}\n`);
      await vi.waitFor(() => expect(lines.slice(before).join('')).toContain('plane secret read again'), {
        timeout: 5_000,
      });
    };
    await arrives();
    await change(other, KEY_1, KEY_2);
    await arrives();
    await change(one, KEY_2, KEY_1);
    await arrives();
    // The record is written anew with the new key before the old one goes.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await change(other, KEY_2);
    await arrives();
    const before = lines.length;
    writeFileSync(other, 'short\n');
    await vi.waitFor(() => expect(lines.slice(before).join('')).toContain('the last good one counts'), {
      timeout: 5_000,
    });
    await arrives();
  });

  it('while it is being introduced nobody is dropped, and clients’ keys are kept back', async () => {
    const lenient = await open('--plane-secret-file', secretFile(KEY_1), '--plane-secret-mode', 'prefer');
    const without = await open();
    expect(lenient.trustsWorkers).toBe(false);
    const [atLenient, atWithout] = [received(lenient), received(without)];
    const seen = shown(lenient);
    await Promise.all([lenient.eventPlane.flush(), without.eventPlane.flush()]);
    without.eventPlane.publish(LOADS, load);
    lenient.eventPlane.publish(LOADS, load);
    await without.registry.registerWorker(worker('old'), 5_000);
    await lenient.registry.registerWorker(worker('new'), 5_000);
    await vi.waitFor(() => {
      expect(atLenient).toHaveLength(2);
      expect(atWithout.map((payload) => Buffer.from(payload).equals(load))).toEqual([true, true]);
      expect(seen()).toContain('new old');
    });
    expect(lenient.otherFindings()).toEqual([]);
  });

  it.each([
    ['nothing', '', 'it holds no key'],
    ['a short key', 'abc', 'key 1 has fewer than 32 characters'],
    ['three keys', [KEY_1, KEY_2, '3'.repeat(64)].join('\n'), 'it holds 3 keys, at most 2 are used'],
  ])('a file with %s is refused at the start', async (_what, text, problem) => {
    await expect(open('--plane-secret-file', secretFile(text))).rejects.toThrow(problem);
  });
});

describe('--worker-url-allow', () => {
  it('keeps workers elsewhere out of every view, and tells of each once', async () => {
    const [owner, consumer] = [await open(), await open('--worker-url-allow', '10.0.0.0/8:8000')];
    const seen = shown(consumer);
    await owner.registry.registerWorker(worker('good'), 5_000);
    await owner.registry.registerWorker(worker('bad', 'http://169.254.169.254:80'), 5_000);
    await owner.registry.registerWorker(worker('bad-port', 'http://10.0.0.2:22'), 5_000);
    await vi.waitFor(() => expect(seen()).toContain('good'));
    await vi.waitFor(() => expect(lines.filter((line) => line.includes('not allowed'))).toHaveLength(2));
    expect(seen()).not.toContain('bad');
    expect(await metricsOf(consumer)).toMatch(/refused_workers_total\{reason="url",.*\} 2/);
    const refused = consumer.otherFindings().filter(({ code }) => code === 'CHECK_WORKER_URL_REFUSED');
    expect(refused.map(({ subject }) => subject)).toEqual(['bad', 'bad-port']);
    expect(refused[0]?.message).toContain(
      '"bad" is registered at http://169.254.169.254:80, which is not allowed',
    );
    expect([consumer.allowsWorkerUrl('http://10.0.0.9:8000'), consumer.allowsWorkerUrl('http://x')]).toEqual([
      true,
      false,
    ]);
  });

  it('a rule that is none is refused at the start', async () => {
    await expect(open('--worker-url-allow', 'http://a')).rejects.toThrow('received "http://a"');
  });
});
