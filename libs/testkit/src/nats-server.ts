import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServerProcess } from './server-process.js';
import type { ServerProcess, ServerProcessOptions } from './server-process.js';

/** A nats-server of Debian's package with JetStream in a folder of its own. @param args further flags, e.g. `--auth`. */
export async function startNatsServer(
  args: readonly string[] = [],
  options: ServerProcessOptions = {},
): Promise<ServerProcess> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'kvasir-nats-'));
  return await startServerProcess(
    'nats-server',
    (port) => [...['-a', '127.0.0.1', '-p', String(port), '--jetstream', '--store_dir', folder], ...args],
    { ...options, folder },
  );
}
