import type { RouteConstraints } from '../messages.js';
import type { Target } from '../targets/target-table.js';

/** Whether a target satisfies a request's constraints; its own eligibility is asked apart. */
export function satisfies(target: Target, constraints: RouteConstraints): boolean {
  const { pinnedWorkerId, pinnedRank, allowedWorkerIds, excludedWorkerIds, requiredTaints, loraName } =
    constraints;
  if (pinnedWorkerId !== undefined && target.workerId !== pinnedWorkerId) return false;
  if (pinnedRank !== undefined && target.rank !== pinnedRank) return false;
  if (
    allowedWorkerIds !== undefined &&
    allowedWorkerIds.length > 0 &&
    !allowedWorkerIds.includes(target.workerId)
  ) {
    return false;
  }
  if (loraName !== undefined && target.loraNames?.has(loraName) === false) return false;
  if (excludedWorkerIds?.includes(target.workerId) === true) return false;
  return requiredTaints?.every((taint) => target.taints.includes(taint)) ?? true;
}

/** False when nothing is restricted, so that nobody has to be asked. */
export function isConstrained(constraints: RouteConstraints): boolean {
  return (
    constraints.pinnedWorkerId !== undefined ||
    constraints.pinnedRank !== undefined ||
    (constraints.allowedWorkerIds?.length ?? 0) > 0 ||
    (constraints.excludedWorkerIds?.length ?? 0) > 0 ||
    (constraints.requiredTaints?.length ?? 0) > 0 ||
    constraints.loraName !== undefined
  );
}
