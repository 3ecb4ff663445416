import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** `organisation/name` of a model, as Hugging Face has them. */
const MODEL_ID = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;
const COMMIT = /^[\w.-]+$/;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where on this machine a model's tokenizer is, told by its name alone: the folder that the name is, which engines serve under it by default, or the
 * snapshot that Hugging Face's cache has of it. Null when there is none.
 */
export function modelFolder(model: string, env: Environment = process.env): string | null {
  const folder = isAbsolute(model) ? model : MODEL_ID.test(model) ? snapshotOf(model, env) : null;
  return folder !== null && existsSync(join(folder, 'tokenizer.json')) ? folder : null;
}

function snapshotOf(model: string, env: Environment): string | null {
  const home = env['HF_HOME'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'huggingface');
  const repository = join(env['HF_HUB_CACHE'] ?? join(home, 'hub'), `models--${model.replace('/', '--')}`);
  try {
    const commit = readFileSync(join(repository, 'refs', 'main'), 'utf8').trim();
    return COMMIT.test(commit) ? join(repository, 'snapshots', commit) : null;
  } catch {
    return null;
  }
}
