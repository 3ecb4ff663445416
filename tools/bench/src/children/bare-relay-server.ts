/**
 * A gRPC server whose only method does nothing but call the same method of another server, whose port is the argument: what a hop costs when nothing is
 * decided in it. Says its port to its parent.
 */
import { Client, credentials, Server, ServerCredentials } from '@grpc/grpc-js';
import { EMPTY_METHOD } from './empty-method.js';

const { path, requestSerialize, responseDeserialize } = EMPTY_METHOD;
const next = new Client(`127.0.0.1:${process.argv[2] ?? ''}`, credentials.createInsecure());
const server = new Server();
server.addService(
  { empty: EMPTY_METHOD },
  {
    empty: (call: { readonly request: Buffer }, done: (error: Error | null, answer?: Buffer) => void) => {
      next.makeUnaryRequest(path, requestSerialize, responseDeserialize, call.request, done);
    },
  },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.send?.({ port });
});
process.on('disconnect', () => process.exit(0));
