import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '@kvasir/testkit';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { FileRegistry, InProcessRegistry, RegistryError } from '../src/index.js';
import { endpoint } from '../src/testing/harness.js';
import { registryContract } from '../src/testing/index.js';

const folder = mkdtempSync(join(tmpdir(), 'kvasir-workers-'));
const path = join(folder, 'workers.yaml');
afterAll(() => rmSync(folder, { recursive: true }));

const worker = (id: string, fields = ''): string =>
  `  - { workerId: ${id}, endpoint: kvasir.prefill.generate, url: 'http://${id}:8000', model: m, blockSize: 16, contextTokensMax: 8192${fields} }\n`;

registryContract('FileRegistry', () => {
  const empty = join(folder, 'empty.yaml');
  writeFileSync(empty, 'workers: []\n');
  const clock = new VirtualClock();
  const shared = new InProcessRegistry({ clock });
  return Promise.resolve({
    connect: () => FileRegistry.open(empty, { clock, onProblems: () => undefined, local: shared.connect() }),
    advance: (durationMs) => clock.advanceAsync(durationMs),
    close: () => shared.close(),
  });
});

describe('FileRegistry', () => {
  const open: FileRegistry[] = [];
  afterEach(async () => {
    for (const registry of open.splice(0)) await registry.close();
  });

  async function scene(text: string) {
    writeFileSync(path, text);
    const clock = new VirtualClock();
    const problems: string[] = [];
    const registry = await FileRegistry.open(path, { clock, onProblems: (found) => problems.push(...found) });
    open.push(registry);
    const watch = registry.watch(endpoint, () => undefined);
    const change = async (changed: string): Promise<void> => {
      writeFileSync(path, changed);
      await clock.advanceAsync(1_000);
    };
    return { registry, watch, change, problems };
  }

  it('follows the file: workers come, change, drain and go', async () => {
    const { watch, change } = await scene(`workers:\n${worker('a')}${worker('b')}`);
    expect(watch.view()).toMatchObject({ pool: { blockSize: 16, model: 'm' }, isFresh: true });
    expect(watch.view().workers.map(({ workerId }) => workerId)).toEqual(['a', 'b']);
    await change(
      `workers:\n${worker('b', ', isDraining: true')}${worker('c')}routers:\n  - { routerId: r, endpoint: kvasir.prefill.generate, address: 'r:9100' }\n`,
    );
    expect(watch.view().workers.map(({ workerId, isDraining }) => [workerId, isDraining])).toEqual([
      ['b', true],
      ['c', false],
    ]);
    expect(watch.view().routers).toMatchObject([{ address: 'r:9100' }]);
  });

  it('keeps the last good file when a changed one is wrong, says why, and goes on with the next', async () => {
    const { registry, watch, change, problems } = await scene(`workers:\n${worker('a')}`);
    await change('workers: [');
    expect(watch.view().workers).toHaveLength(1);
    expect(problems[0]).toContain('it is no YAML');
    expect(registry.health()).toMatchObject({ kind: 'disconnected' });
    rmSync(path);
    await change(`workers:\n${worker('a')}${worker('b')}`);
    expect(watch.view().workers).toHaveLength(2);
    expect(registry.health()).toEqual({ kind: 'connected' });
  });

  it('does not open with a wrong file, and names every problem', async () => {
    writeFileSync(path, 'workers:\n  - 7\n  - {}\n');
    const opening = FileRegistry.open(path, { clock: new VirtualClock(), onProblems: () => undefined });
    await expect(opening).rejects.toThrow(RegistryError);
    await expect(opening).rejects.toThrow(/workers\[0\][^]*workers\[1\]/);
  });
});
