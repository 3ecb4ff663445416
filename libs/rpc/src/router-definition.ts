import { fileURLToPath } from 'node:url';
import { loadPackageDefinition } from '@grpc/grpc-js';
import type { GrpcObject } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { PackageDefinition } from '@grpc/proto-loader';
import type { RouterProto } from '@kvasir/contract';

/** How wire values appear in JavaScript; the generated types of `@kvasir/contract` are made with the same. */
const LOADER_OPTIONS = { longs: String, enums: String, defaults: true, oneofs: true } as const;

/** Name of the service in health checks and reflection. */
export const ROUTER_SERVICE = 'kvasir.v1.Router';

let loaded: PackageDefinition | null = null;

/** Definition of `kvasir/v1/router.proto`, read once. The path is the same from `src` and from `dist`. */
export function routerPackage(): PackageDefinition {
  loaded ??= loadSync(
    fileURLToPath(new URL('../../../proto/kvasir/v1/router.proto', import.meta.url)),
    LOADER_OPTIONS,
  );
  return loaded;
}

/** The `Router` client class and service definition. */
export function routerConstructor(): RouterProto['kvasir']['v1']['Router'] {
  // proto-loader builds classes at run time; the generated type says which.
  const root: GrpcObject = loadPackageDefinition(routerPackage());
  return (root as unknown as RouterProto).kvasir.v1.Router;
}
