// Original file: proto/kvasir/v1/router.proto


/**
 * Restricts the candidates. A target must satisfy all that is given.
 */
export interface RoutingConstraints {
  /**
   * Exact worker, not silently rerouted: the call fails when it cannot take the request.
   */
  'pinnedWorkerId'?: (string);
  'pinnedRank'?: (number);
  /**
   * Empty allows every worker.
   */
  'allowedWorkerIds'?: (string)[];
  /**
   * Workers to avoid, e.g. those that already failed this request.
   */
  'excludedWorkerIds'?: (string)[];
  'requiredTaints'?: (string)[];
  '_pinnedRank'?: "pinnedRank";
}

/**
 * Restricts the candidates. A target must satisfy all that is given.
 */
export interface RoutingConstraints__Output {
  /**
   * Exact worker, not silently rerouted: the call fails when it cannot take the request.
   */
  'pinnedWorkerId': (string);
  'pinnedRank'?: (number);
  /**
   * Empty allows every worker.
   */
  'allowedWorkerIds': (string)[];
  /**
   * Workers to avoid, e.g. those that already failed this request.
   */
  'excludedWorkerIds': (string)[];
  'requiredTaints': (string)[];
  '_pinnedRank'?: "pinnedRank";
}
