import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const FOLDER = new URL('../seeds/', import.meta.url);

/** Inputs that a decoder has failed on, in the order of their names. */
export function keptInputs(target: string): readonly Uint8Array[] {
  const folder = new URL(`${target}/`, FOLDER);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(new URL(name, folder)));
}

/** Keeps an input. @returns its file's name. */
export function keepInput(target: string, input: Uint8Array): string {
  const folder = new URL(`${target}/`, FOLDER);
  mkdirSync(folder, { recursive: true });
  const name = `${createHash('sha256').update(input).digest('hex').slice(0, 12)}.bin`;
  writeFileSync(new URL(name, folder), input);
  return `${target}/${name}`;
}
