/** A gRPC server whose only method does nothing: the floor that `FindBestWorker` is compared with. Says its port to its parent. */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { EMPTY_METHOD } from './empty-method.js';

const server = new Server();
server.addService(
  { empty: EMPTY_METHOD },
  {
    empty: (_call: unknown, done: (error: null, answer: Buffer) => void) => {
      done(null, Buffer.alloc(0));
    },
  },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.send?.({ port });
});
process.on('disconnect', () => process.exit(0));
