import { createHash } from 'node:crypto';
import type { RedisClient } from './redis-connection.js';

/** Why a command failed, for a person: a server that answers with an error is not one that does not answer. */
export function refusalReason(error: unknown): string {
  return isRefusal(error) ? `Redis refuses: ${error.message.slice(0, 200)}` : 'Redis does not answer';
}

/** Whether Redis has answered with an error. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

const sums = new Map<string, string>();

/** Runs a script by its sum; a server that does not know it, e.g. after a restart, is sent its text once. Rejects like any command. */
export async function runScript(
  client: RedisClient,
  script: string,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await client.evalsha(sumOf(script), keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return await client.eval(script, keys.length, ...keys, ...args);
  }
}

/** SHA-1 is what Redis names scripts by. */
function sumOf(script: string): string {
  const known = sums.get(script);
  if (known !== undefined) return known;
  const sum = createHash('sha1').update(script).digest('hex');
  sums.set(script, sum);
  return sum;
}
