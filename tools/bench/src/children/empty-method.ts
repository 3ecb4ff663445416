import type { MethodDefinition } from '@grpc/grpc-js';

const same = (bytes: Buffer): Buffer => bytes;

/** A unary method of empty messages, without any serialisation of its own. */
export const EMPTY_METHOD: MethodDefinition<Buffer, Buffer> = {
  path: '/kvasir.bench.Floor/Empty',
  requestStream: false,
  responseStream: false,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};
