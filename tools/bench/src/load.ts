import { Pool } from 'undici';

/** A closed loop of identical requests: each of `concurrency` clients sends its next when the last has ended. */
export interface Load {
  readonly port: number;
  readonly path: string;
  readonly body: string;
  readonly requests: number;
  readonly concurrency: number;
}

/** Sends the load and reads every answer to its end. @throws Error at the first answer that is not 200. */
export async function send(load: Load): Promise<{ readonly wallMs: number; readonly receivedBytes: number }> {
  const pool = new Pool(`http://127.0.0.1:${String(load.port)}`, {
    connections: load.concurrency,
    pipelining: 1,
  });
  let left = load.requests;
  let receivedBytes = 0;
  const client = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const { statusCode, body } = await pool.request({
        path: load.path,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: load.body,
      });
      if (statusCode !== 200)
        throw new Error(`Cannot measure: HTTP ${String(statusCode)} ${await body.text()}`);
      for await (const part of body as AsyncIterable<Buffer>) receivedBytes += part.length;
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: load.concurrency }, client));
  const wallMs = performance.now() - startMs;
  await pool.close();
  return { wallMs, receivedBytes };
}
