// Original file: proto/kvasir/v1/router.proto


/**
 * Per-request overrides of the router's configuration. An absent field keeps the configured value.
 */
export interface RouterOverrides {
  'temperature'?: (number | string);
  'overlapScoreCredit'?: (number | string);
  'prefillLoadScale'?: (number | string);
  'assumeKvReuse'?: (boolean);
  'trackPrefillTokens'?: (boolean);
  '_temperature'?: "temperature";
  '_overlapScoreCredit'?: "overlapScoreCredit";
  '_prefillLoadScale'?: "prefillLoadScale";
  '_assumeKvReuse'?: "assumeKvReuse";
  '_trackPrefillTokens'?: "trackPrefillTokens";
}

/**
 * Per-request overrides of the router's configuration. An absent field keeps the configured value.
 */
export interface RouterOverrides__Output {
  'temperature'?: (number);
  'overlapScoreCredit'?: (number);
  'prefillLoadScale'?: (number);
  'assumeKvReuse'?: (boolean);
  'trackPrefillTokens'?: (boolean);
  '_temperature'?: "temperature";
  '_overlapScoreCredit'?: "overlapScoreCredit";
  '_prefillLoadScale'?: "prefillLoadScale";
  '_assumeKvReuse'?: "assumeKvReuse";
  '_trackPrefillTokens'?: "trackPrefillTokens";
}
