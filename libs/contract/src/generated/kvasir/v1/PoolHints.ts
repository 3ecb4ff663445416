// Original file: proto/kvasir/v1/router.proto


/**
 * What a router of several pools goes by; a router of one pool uses the priority only.
 */
export interface PoolHints {
  /**
   * Time to first token and time between tokens that the request would like. Absent: as configured.
   */
  'ttftTargetMs'?: (number | string);
  'itlTargetMs'?: (number | string);
  /**
   * Overrides the grid where the configuration has a rule for it; where requests wait for a worker, higher ones go first.
   */
  'priority'?: (number);
  /**
   * Requests of one session stay in one pool where they can; empty for none.
   */
  'sessionId'?: (string);
  /**
   * Pool of the other leg, as a decision named it; empty while it is not chosen.
   */
  'partnerPool'?: (string);
  /**
   * Labels that the pool must have.
   */
  'requiredLabels'?: (string)[];
  '_ttftTargetMs'?: "ttftTargetMs";
  '_itlTargetMs'?: "itlTargetMs";
  '_priority'?: "priority";
}

/**
 * What a router of several pools goes by; a router of one pool uses the priority only.
 */
export interface PoolHints__Output {
  /**
   * Time to first token and time between tokens that the request would like. Absent: as configured.
   */
  'ttftTargetMs'?: (number);
  'itlTargetMs'?: (number);
  /**
   * Overrides the grid where the configuration has a rule for it; where requests wait for a worker, higher ones go first.
   */
  'priority'?: (number);
  /**
   * Requests of one session stay in one pool where they can; empty for none.
   */
  'sessionId': (string);
  /**
   * Pool of the other leg, as a decision named it; empty while it is not chosen.
   */
  'partnerPool': (string);
  /**
   * Labels that the pool must have.
   */
  'requiredLabels': (string)[];
  '_ttftTargetMs'?: "ttftTargetMs";
  '_itlTargetMs'?: "itlTargetMs";
  '_priority'?: "priority";
}
