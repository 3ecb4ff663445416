import type { WorkerRecord } from '@kvasir/contract';
import { dialectOf, probeEngine } from '@kvasir/engines';
import type { EngineClient } from '@kvasir/engines';

/** Whether a worker that has failed generates again. */
export async function probeWorker(engines: EngineClient, worker: WorkerRecord): Promise<boolean> {
  const { url, model } = worker;
  const outcome = await probeEngine(engines, { url, dialect: dialectOf(worker.dialect), model });
  return outcome.kind === 'serves';
}
