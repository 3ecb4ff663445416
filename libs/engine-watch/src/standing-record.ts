import type { EndpointName, WorkerRecord } from '@kvasir/contract';
import type { EndpointView, Registry } from '@kvasir/registry';
import type { Clock } from '@kvasir/service';

/** How long the registry may take to say who is there. */
const ANSWER_MS_MAX = 2_000;

/** What stands in the registry under the id of a worker; null when nothing does, or nobody says. */
export async function standingRecord(
  { registry, clock }: { readonly registry: Registry; readonly clock: Clock },
  endpoint: EndpointName,
  workerId: string,
): Promise<WorkerRecord | null> {
  let close = (): void => undefined;
  const view = await new Promise<EndpointView | null>((resolve) => {
    const cancel = clock.after(ANSWER_MS_MAX, () => resolve(null));
    const watch = registry.watch(endpoint, (known) => resolve(known));
    close = () => {
      cancel();
      watch.close();
    };
  });
  close();
  return view?.workers.find((worker) => worker.workerId === workerId) ?? null;
}
