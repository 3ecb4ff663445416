import type { EndpointView } from '@kvasir/registry';
import type { WorkerRecord } from '@kvasir/contract';
import type { TargetSpec } from '@kvasir/scheduler';
import type { WorkerId } from '@kvasir/units';

/** What has changed between two views of an endpoint. */
export type WorkerChange =
  | { readonly kind: 'appeared'; readonly worker: WorkerRecord }
  /** Another life of the same worker: all that was known of it is void. */
  | { readonly kind: 'restarted'; readonly worker: WorkerRecord; readonly before: WorkerRecord }
  /** The same life with other properties, e.g. draining. */
  | { readonly kind: 'updated'; readonly worker: WorkerRecord }
  | { readonly kind: 'disappeared'; readonly worker: WorkerRecord };

/** The workers of one endpoint as last seen. */
export class Workers {
  #known = new Map<WorkerId, WorkerRecord>();

  get(worker: WorkerId): WorkerRecord | null {
    return this.#known.get(worker) ?? null;
  }

  all(): readonly WorkerRecord[] {
    return [...this.#known.values()];
  }

  /** Takes over a view and answers with the changes, disappearances first, so that what is free can be used again. */
  update(view: EndpointView): readonly WorkerChange[] {
    const next = new Map(view.workers.map((worker) => [worker.workerId, worker]));
    const changes: WorkerChange[] = [];
    for (const [id, worker] of this.#known) if (!next.has(id)) changes.push({ kind: 'disappeared', worker });
    for (const [id, worker] of next) {
      const before = this.#known.get(id);
      if (before === undefined) changes.push({ kind: 'appeared', worker });
      else if (before.incarnation !== worker.incarnation) changes.push({ kind: 'restarted', worker, before });
      else if (before !== worker) changes.push({ kind: 'updated', worker });
    }
    this.#known = next;
    return changes;
  }
}

/** Data-parallel ranks of a worker. */
export function ranksOf(worker: WorkerRecord): readonly number[] {
  return Array.from({ length: worker.rankCount }, (_, index) => worker.rankStart + index);
}

/** What a scheduler is told of a worker: a target per rank. */
export function targetsOf(worker: WorkerRecord): readonly TargetSpec[] {
  const { workerId, taints } = worker;
  const loraNames = worker.loraNames === null ? null : new Set(worker.loraNames);
  return ranksOf(worker).map((rank) => ({ workerId, rank, taints, loraNames }));
}
