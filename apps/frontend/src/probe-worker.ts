import type { WorkerRecord } from '@kvasir/contract';
import { dialectOf, probeEngine } from '@kvasir/engines';
import type { EngineClient } from '@kvasir/engines';

/** Whether a worker that has failed generates again. */
export async function probeWorker(engines: EngineClient, worker: WorkerRecord): Promise<boolean> {
  const dialect = dialectOf(worker.dialect);
  if (dialect === null) return false;
  const outcome = await probeEngine(engines, { url: worker.url, dialect, model: worker.model });
  return outcome.kind === 'serves';
}
