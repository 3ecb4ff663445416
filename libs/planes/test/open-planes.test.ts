import { createLogger, defineOptions, readOptions, systemClock } from '@kvasir/service';
import { startNatsServer, startRedisServer } from '@kvasir/testkit';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openPlanes, planeOptions } from '../src/index.js';
import type { PlaneValues } from '../src/index.js';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

function valuesOf(argv: readonly string[]): PlaneValues {
  const options = defineOptions({ program: 'test', summary: 'A test.', options: planeOptions });
  const reading = readOptions(options, { argv, env: {} });
  if (reading.kind !== 'ok') throw new Error(`Cannot test: the flags are ${reading.kind}`);
  return reading.values;
}

describe('openPlanes()', () => {
  it('connects to both, and says when one is lost and back', async () => {
    const [nats, redis] = [await startNatsServer(), await startRedisServer()];
    closers.push(
      () => nats.stop(),
      () => redis.stop(),
    );
    const lines: string[] = [];
    const logger = createLogger({
      name: 'test',
      level: 'info',
      destination: { write: (line: string) => lines.push(line) },
    });
    const planes = await openPlanes(
      valuesOf([
        '--nats-url',
        `nats://127.0.0.1:${nats.port}`,
        '--redis-url',
        `redis://127.0.0.1:${redis.port}`,
      ]),
      { clock: systemClock, logger, name: 'test' },
    );
    closers.push(() => planes.close());
    expect([planes.eventPlane.health().kind, planes.registry.health().kind]).toEqual([
      'connected',
      'connected',
    ]);
    await redis.kill();
    await vi.waitFor(() => expect(lines.join('')).toMatch(/"plane":"registry".*connection lost/), {
      timeout: 5_000,
    });
    expect(planes.otherFindings().map(({ code }) => code)).toEqual([
      'CHECK_PLANE_LOST',
      'CHECK_NO_PLANE_SECRET',
    ]);
    await redis.restart();
    await vi.waitFor(() => expect(lines.join('')).toMatch(/"plane":"registry".*connected again/), {
      timeout: 5_000,
    });
  });

  it('leaves nothing open when Redis cannot be reached', async () => {
    const nats = await startNatsServer();
    closers.push(() => nats.stop());
    const opening = openPlanes(
      valuesOf(['--nats-url', `nats://127.0.0.1:${nats.port}`, '--redis-url', 'redis://127.0.0.1:1']),
      { clock: systemClock, logger: createLogger({ name: 'test', level: 'silent' }), name: 'test' },
    );
    await expect(opening).rejects.toThrow('Cannot connect to Redis at redis://127.0.0.1:1');
  });
});
