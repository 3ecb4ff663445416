// Original file: proto/kvasir/v1/router.proto


/**
 * One named term of a cost, so that a log line and a person can follow the choice.
 */
export interface CostTerm {
  'name'?: (string);
  'value'?: (number | string);
  'unit'?: (string);
}

/**
 * One named term of a cost, so that a log line and a person can follow the choice.
 */
export interface CostTerm__Output {
  'name': (string);
  'value': (number);
  'unit': (string);
}
