import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServerProcess } from './server-process.js';
import type { ServerProcess, ServerProcessOptions } from './server-process.js';

/** A redis-server of Debian's package in a folder of its own. Keeps nothing over a restart unless `--appendonly yes` is given. */
export async function startRedisServer(
  args: readonly string[] = [],
  options: ServerProcessOptions = {},
): Promise<ServerProcess> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'kvasir-redis-'));
  return await startServerProcess(
    'redis-server',
    (port) => [...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''], ...args],
    { ...options, folder },
  );
}
