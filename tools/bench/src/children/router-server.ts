/**
 * A `Router` in a process of its own whose index and load are those of a small pool: what a `FindBestWorker` over gRPC is measured against.
 * Says its port to its parent.
 */
import { createLogger } from '@kvasir/service';
import { BLOCK_SIZE, startBenchRouter } from '../bench-router.js';

const logger = createLogger({ name: 'bench', level: 'warn' });
const router = await startBenchRouter({ workerCount: 16, blockSize: BLOCK_SIZE, logger });
process.send?.({ port: router.port });
process.on('disconnect', () => process.exit(0));
