import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, startNatsServer, startRedisServer } from '@kvasir/testkit';
import { cacheNamespaces } from '../checks/cache-namespaces.js';
import { conversations } from '../checks/conversations.js';
import { engineEntry, registeredWorkers } from '../engine-entries.js';
import type { Scene } from './scene.js';

/** One engine of two data-parallel ranks and one of one, an agent for each, NATS and Redis, two frontends. */
export const agents: Scene = {
  name: 'agents',
  async run(workshop, tell) {
    const scene = 'agents';
    const [nats, redis] = [await startNatsServer(), await startRedisServer()];
    try {
      const planes = [
        ...['--nats-url', `nats://127.0.0.1:${nats.port}`],
        ...['--redis-url', `redis://127.0.0.1:${redis.port}`],
      ];
      const engines = [
        await workshop.engine({ name: 'a1', ranks: 2 }),
        await workshop.engine({ name: 'a2', hasAdapters: true }),
      ];
      const programs = [];
      for (const engine of engines) {
        const file = join(workshop.folder, `${engine.name}.yaml`);
        writeFileSync(file, JSON.stringify({ engines: [engineEntry(engine, workshop.modelFolder, 'both')] }));
        const port = await freePort();
        programs.push(
          await workshop.kvasir(`agent-${engine.name}`, {
            main: '@kvasir/engine-agent/main',
            args: ['--engines-file', file, '--admin-port', String(port), ...planes],
            readyUrl: `http://127.0.0.1:${port}/ready`,
          }),
        );
      }
      const urls: string[] = [];
      for (const name of ['frontend-1', 'frontend-2']) {
        const port = await freePort();
        const url = `http://127.0.0.1:${port}`;
        await workshop.kvasir(name, {
          main: '@kvasir/frontend/main',
          args: ['--http-port', String(port), '--router-replica-sync', ...planes],
          readyUrl: `${url}/ready`,
        });
        await registeredWorkers(url, 2);
        urls.push(url);
      }
      const [first = '', second = ''] = urls;
      tell(await conversations(first, { scene, check: 'conversations, three ranks', seed: 41 }));
      tell(await conversations(second, { scene, check: 'the other frontend', seed: 42 }));
      tell(await cacheNamespaces(second, scene));
      for (const program of programs) await program.restart();
      await registeredWorkers(first, 2);
      tell(await conversations(first, { scene, check: 'agents restarted', seed: 43 }));
    } finally {
      await workshop.close();
      await nats.stop();
      await redis.stop();
    }
  },
};
