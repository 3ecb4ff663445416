import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '@kvasir/testkit';
import { conversations } from '../checks/conversations.js';
import { engineEntry, registeredWorkers } from '../engine-entries.js';
import type { Scene } from './scene.js';

/** Fewer blocks than the conversations need: engines evict all the time. */
const KV_BLOCKS = 160;

/** Caches that are too small for what is asked. */
export const eviction: Scene = {
  name: 'eviction',
  async run(workshop, tell) {
    const scene = 'eviction';
    const engines = [
      await workshop.engine({ name: 'small1', kvBlocks: KV_BLOCKS }),
      await workshop.engine({ name: 'small2', kvBlocks: KV_BLOCKS }),
    ];
    const file = join(workshop.folder, 'small-engines.yaml');
    writeFileSync(
      file,
      JSON.stringify({ engines: engines.map((engine) => engineEntry(engine, workshop.modelFolder, 'both')) }),
    );
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    await workshop.kvasir('frontend-small', {
      main: '@kvasir/frontend/main',
      args: ['--http-port', String(port), '--kv-events-direct', file],
      readyUrl: `${url}/ready`,
    });
    await registeredWorkers(url, 2);
    for (const seed of [21, 22])
      tell(
        await conversations(url, {
          ...{ scene, check: `conversations under pressure ${seed - 20}`, seed },
          ...{ conversations: 14, wordsPerTurn: 60 },
        }),
      );
  },
};
