import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@kvasir/testkit';
import { apiFields } from '../checks/api-fields.js';
import { cacheNamespaces } from '../checks/cache-namespaces.js';
import { chatShapes } from '../checks/chat-shapes.js';
import { conversations } from '../checks/conversations.js';
import { disconnects } from '../checks/disconnects.js';
import { engineDeath } from '../checks/engine-deaths.js';
import { engineEntry, registeredWorkers } from '../engine-entries.js';
import type { Scene } from './scene.js';

/** Two engines behind one frontend that looks after them itself: no NATS, no Redis, no agent. */
export const direct: Scene = {
  name: 'direct',
  async run(workshop, tell) {
    const scene = 'direct';
    const first = await workshop.engine({ name: 'v1', hasAdapters: true });
    const second = await workshop.engine({ name: 'v2', hasAdapters: true });
    const engines = [first, second];
    const file = join(workshop.folder, 'engines.yaml');
    writeFileSync(
      file,
      JSON.stringify({ engines: engines.map((engine) => engineEntry(engine, workshop.modelFolder, 'both')) }),
    );
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    await workshop.kvasir('frontend', {
      main: '@kvasir/frontend/main',
      args: ['--http-port', String(port), '--kv-events-direct', file],
      readyUrl: `${url}/ready`,
    });
    await registeredWorkers(url, 2);
    tell(await conversations(url, { scene, check: 'conversations', seed: 1 }));
    tell(await chatShapes(url, scene));
    tell(await cacheNamespaces(url, scene));
    tell(await disconnects(url, engines, scene));
    tell(await apiFields({ kvasir: url, engine: first.url }, scene));
    tell(await engineDeath(url, second, { scene, listed: () => registeredWorkers(url, 2) }));
  },
};
