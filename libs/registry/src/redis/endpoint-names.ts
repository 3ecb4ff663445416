import { parseEndpointName } from '@kvasir/contract';
import type { RedisClient } from './redis-connection.js';
import { isRefusal } from './run-script.js';

/** Names of one namespace that are looked at. */
const NAMES_MAX = 4_096;
const NAMES_PER_STEP = 512;

/** Adds a name to the set of a namespace. A key of another type was written by nobody of us: it is replaced. */
export async function addEndpointName(client: RedisClient, key: string, name: string): Promise<void> {
  try {
    await client.sadd(key, name);
  } catch (error) {
    if (!isWrongType(error)) throw error;
    await client.del(key);
    await client.sadd(key, name);
  }
}

/** The names of a namespace, in order; what is no name is removed. Rejects like any command. */
export async function endpointNames(client: RedisClient, key: string): Promise<readonly string[]> {
  const names = new Set<string>();
  let cursor = '0';
  do {
    const [next, found] = await client.sscan(key, cursor, 'COUNT', NAMES_PER_STEP);
    const wrong = found.filter((name) => parseEndpointName(name) === null);
    if (wrong.length > 0) await client.srem(key, ...wrong);
    for (const name of found) if (names.size < NAMES_MAX && !wrong.includes(name)) names.add(name);
    cursor = next;
  } while (cursor !== '0' && names.size < NAMES_MAX);
  return [...names].sort();
}

function isWrongType(error: unknown): boolean {
  return isRefusal(error) && error.message.startsWith('WRONGTYPE');
}
