import { Client, credentials } from '@grpc/grpc-js';
import { EMPTY_METHOD } from './children/empty-method.js';
import { timeEachAsync } from './measure.js';

/** Median time of a unary call that carries and does nothing, one call at a time, in µs: the floor of every other call. */
export async function emptyCallUs(port: number, calls: number, warmUpCalls: number): Promise<number> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = EMPTY_METHOD;
  const nothing = Buffer.alloc(0);
  const times = await timeEachAsync(
    calls,
    warmUpCalls,
    () =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, nothing, (error, answer) => {
          if (error === null) resolve(answer);
          else reject(error);
        });
      }),
  );
  client.close();
  return times.p50;
}
