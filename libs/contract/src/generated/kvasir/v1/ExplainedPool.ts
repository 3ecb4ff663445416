// Original file: proto/kvasir/v1/router.proto


/**
 * One pool, with what spoke for and against it.
 */
export interface ExplainedPool {
  'name'?: (string);
  /**
   * Empty for an eligible pool.
   */
  'refusedFor'?: (string);
  /**
   * Work in flight per capacity and weight; absent when nothing fresh is known.
   */
  'pressure'?: (number | string);
  'isSaturated'?: (boolean);
  /**
   * What its router would charge; absent when it was not asked or did not answer in time.
   */
  'cost'?: (number | string);
  'inCell'?: (boolean);
  '_pressure'?: "pressure";
  '_cost'?: "cost";
}

/**
 * One pool, with what spoke for and against it.
 */
export interface ExplainedPool__Output {
  'name': (string);
  /**
   * Empty for an eligible pool.
   */
  'refusedFor': (string);
  /**
   * Work in flight per capacity and weight; absent when nothing fresh is known.
   */
  'pressure'?: (number);
  'isSaturated': (boolean);
  /**
   * What its router would charge; absent when it was not asked or did not answer in time.
   */
  'cost'?: (number);
  'inCell': (boolean);
  '_pressure'?: "pressure";
  '_cost'?: "cost";
}
