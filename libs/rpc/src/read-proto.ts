import { fileURLToPath } from 'node:url';
import { loadSync } from '@grpc/proto-loader';
import type { PackageDefinition } from '@grpc/proto-loader';

/** How wire values appear in JavaScript; the generated types of `@kvasir/contract` are made with the same. */
const LOADER_OPTIONS = { longs: String, enums: String, defaults: true, oneofs: true } as const;

const read = new Map<string, PackageDefinition>();

/** Definition of `kvasir/v1/<name>.proto`, read once. The path is the same from `src` and from `dist`. */
export function readProto(name: 'router' | 'events'): PackageDefinition {
  const known = read.get(name);
  if (known !== undefined) return known;
  const file = fileURLToPath(new URL(`../../../proto/kvasir/v1/${name}.proto`, import.meta.url));
  const definition = loadSync(file, LOADER_OPTIONS);
  read.set(name, definition);
  return definition;
}
