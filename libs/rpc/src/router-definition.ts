import { loadPackageDefinition } from '@grpc/grpc-js';
import type { GrpcObject } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import type { RouterProto } from '@kvasir/contract';
import { readProto } from './read-proto.js';

/** Name of the service in health checks and reflection. */
export const ROUTER_SERVICE = 'kvasir.v1.Router';

/** Definition of `kvasir/v1/router.proto`, read once. */
export function routerPackage(): PackageDefinition {
  return readProto('router');
}

/** The `Router` client class and service definition. */
export function routerConstructor(): RouterProto['kvasir']['v1']['Router'] {
  // proto-loader builds classes at run time; the generated type says which.
  const root: GrpcObject = loadPackageDefinition(routerPackage());
  return (root as unknown as RouterProto).kvasir.v1.Router;
}
