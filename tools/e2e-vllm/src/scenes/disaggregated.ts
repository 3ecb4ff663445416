import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, startNatsServer, startRedisServer } from '@kvasir/testkit';
import { conversations } from '../checks/conversations.js';
import { transfers } from '../checks/transfers.js';
import { engineEntry, registeredWorkers } from '../engine-entries.js';
import type { Scene } from './scene.js';

/** Two prefill engines and a decode engine over NIXL, and one more engine alone to compare with. */
export const disaggregated: Scene = {
  name: 'disaggregated',
  async run(workshop, tell) {
    const scene = 'disaggregated';
    const [nats, redis] = [await startNatsServer(), await startRedisServer()];
    try {
      const planes = [
        ...['--nats-url', `nats://127.0.0.1:${nats.port}`],
        ...['--redis-url', `redis://127.0.0.1:${redis.port}`],
      ];
      const prefill = [
        await workshop.engine({ name: 'p1', handsOver: true }),
        await workshop.engine({ name: 'p2', handsOver: true }),
      ];
      const decode = await workshop.engine({ name: 'd1', handsOver: true });
      const alone = await workshop.engine({ name: 'alone' });
      const file = join(workshop.folder, 'pairs.yaml');
      const entries = [
        ...prefill.map((engine) => engineEntry(engine, workshop.modelFolder, 'prefill')),
        engineEntry(decode, workshop.modelFolder, 'decode'),
      ];
      writeFileSync(file, JSON.stringify({ engines: entries }));
      const [agentPort, grpcPort, adminPort, port] = [
        await freePort(),
        await freePort(),
        await freePort(),
        await freePort(),
      ];
      await workshop.kvasir('agent-pairs', {
        main: '@kvasir/engine-agent/main',
        args: ['--engines-file', file, '--admin-port', String(agentPort), ...planes],
        readyUrl: `http://127.0.0.1:${agentPort}/ready`,
      });
      const router = `http://127.0.0.1:${adminPort}`;
      await workshop.kvasir('prefill-router', {
        main: '@kvasir/prefill-router/main',
        args: ['--grpc-port', String(grpcPort), '--admin-port', String(adminPort), ...planes],
        readyUrl: `${router}/ready`,
      });
      await registeredWorkers(router, 2);
      const url = `http://127.0.0.1:${port}`;
      await workshop.kvasir('frontend-pairs', {
        main: '@kvasir/frontend/main',
        args: ['--http-port', String(port), '--enforce-disagg', ...planes],
        readyUrl: `${url}/ready`,
      });
      await registeredWorkers(url, 1);
      tell(await transfers(url, { alone, decode: [decode] }, scene));
      tell(await conversations(url, { scene, check: 'conversations', seed: 61 }));
    } finally {
      await workshop.close();
      await nats.stop();
      await redis.stop();
    }
  },
};
