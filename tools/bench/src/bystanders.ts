import { Pool } from 'undici';

/** How long requests of others took, sorted, in ms; and what was answered. */
export interface Bystanders {
  readonly latenciesMs: readonly number[];
  readonly statuses: ReadonlyMap<number, number>;
}

const CONCURRENCY = 4;
const BODY = JSON.stringify({ model: 'kvasir-mock', prompt: [1, 2, 3, 4, 5, 6, 7, 8], max_tokens: 4 });

/** Sends small requests one after the other over a few connections until `isOver`, at least `requestsMin`. */
export async function sendBystanders(
  port: number,
  requestsMin: number,
  isOver: () => boolean,
): Promise<Bystanders> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: CONCURRENCY, pipelining: 1 });
  const latenciesMs: number[] = [];
  const statuses = new Map<number, number>();
  const client = async (): Promise<void> => {
    while (latenciesMs.length < requestsMin || !isOver()) {
      const startMs = performance.now();
      const { statusCode, body } = await pool.request({
        path: '/v1/completions',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: BODY,
      });
      await body.arrayBuffer();
      latenciesMs.push(performance.now() - startMs);
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, client));
  await pool.close();
  return { latenciesMs: latenciesMs.toSorted((a, b) => a - b), statuses };
}

/** @param share from 0 to 1. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
