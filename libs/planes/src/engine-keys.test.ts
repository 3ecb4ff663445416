import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InProcessRegistry } from '@kvasir/registry';
import { VirtualClock } from '@kvasir/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EngineKeys } from './engine-keys.js';

const endpoint = { namespace: 'kvasir', component: 'decode', endpoint: 'generate' };

describe('EngineKeys', () => {
  let folder: string;
  let path: string;
  let clock: VirtualClock;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kvasir-keys-'));
    path = join(folder, 'key');
    clock = new VirtualClock();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('gives the key to engines whose record asks for one, as it is now, and to nobody else', async () => {
    writeFileSync(path, 'one\nnot this\n');
    const keys = new EngineKeys({ engineApiKeyFile: path, engineApiKeyEnv: null }, clock);
    const inner = new InProcessRegistry({ clock });
    const registry = keys.noting(inner);
    const record = (
      id: string,
      needsApiKey?: boolean,
    ): Parameters<InProcessRegistry['registerWorker']>[0] => ({
      ...({ workerId: id, incarnation: `${id}-life` } as Pick<
        Parameters<InProcessRegistry['registerWorker']>[0],
        'workerId' | 'incarnation'
      >),
      ...{ endpoint, url: `http://${id}:1/path`, dialect: 'vllm', role: 'both', model: 'm' },
      ...{ contextTokensMax: 9, tokenizerPath: null, blockSize: 4, rankStart: 0, rankCount: 1 },
      ...{ kvBlocksTotal: null, batchedTokensMax: null, publishesKvEvents: false, isDraining: false },
      ...{ taints: [], loraNames: null, needsApiKey },
    });
    let lists = 0;
    const watch = registry.watch(endpoint, () => (lists += 1));
    await registry.registerWorker(record('a', true), 60_000);
    await registry.registerWorker(record('b'), 60_000);
    await clock.advanceAsync(1);
    expect(lists).toBeGreaterThan(0);
    expect(keys.authorizationOf('http://a:1/path')).toBe('Bearer one');
    expect(keys.authorizationOf('http://b:1/path')).toBeNull();
    expect(keys.authorizationOf('http://c:1')).toBeNull();
    writeFileSync(path, 'two');
    await clock.advanceAsync(1_000);
    expect(keys.authorizationOf('http://a:1/path')).toBe('Bearer two');
    rmSync(path);
    await clock.advanceAsync(1_000);
    expect(keys.authorizationOf('http://a:1/path')).toBe('Bearer two');
    writeFileSync(path, 'three');
    watch.close();
    await registry.close();
  });

  it.each(['', 'has space', 'caf\u00e9'])(
    'refuses a key that no header can carry (%j), without telling it',
    (key) => {
      writeFileSync(path, key);
      const make = (): EngineKeys => new EngineKeys({ engineApiKeyFile: path, engineApiKeyEnv: null }, clock);
      expect(make).toThrow(/^--engine-api-key-file cannot be used: /);
      expect(make).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining('space') as string }),
      );
    },
  );
});
