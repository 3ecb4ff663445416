import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { modelFolder } from './model-folder.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'kvasir-models-'));
});
afterEach(() => rmSync(home, { recursive: true }));

describe('modelFolder', () => {
  it('finds the snapshot that Hugging Face’s cache has of a model', () => {
    const repository = join(home, 'hub', 'models--org--a.model');
    const snapshot = join(repository, 'snapshots', 'c0ffee');
    mkdirSync(join(repository, 'refs'), { recursive: true });
    mkdirSync(snapshot, { recursive: true });
    writeFileSync(join(repository, 'refs', 'main'), 'c0ffee\n');
    expect(modelFolder('org/a.model', { HF_HOME: home })).toBeNull();
    writeFileSync(join(snapshot, 'tokenizer.json'), '{}');
    expect(modelFolder('org/a.model', { HF_HOME: home })).toBe(snapshot);
    expect(modelFolder('org/a.model', { HF_HUB_CACHE: join(home, 'hub') })).toBe(snapshot);
    writeFileSync(join(repository, 'refs', 'main'), '../../elsewhere');
    expect(modelFolder('org/a.model', { HF_HOME: home })).toBeNull();
  });

  it('takes a name that is a folder', () => {
    expect(modelFolder(home, {})).toBeNull();
    writeFileSync(join(home, 'tokenizer.json'), '{}');
    expect(modelFolder(home, {})).toBe(home);
  });

  it.each(['m', 'org/../x', '../org/name', 'a/b/c', ''])('knows none of %j', (model) => {
    expect(modelFolder(model, { HF_HOME: home })).toBeNull();
  });
});
