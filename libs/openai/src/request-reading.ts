import type { RequestLimits } from './request-limits.js';
import type { ApiRequest, RequestReader, RequestReading } from './requests.js';

/** How a request is read. */
export interface RequestReadingOptions {
  /** `REQUEST_LIMITS` when absent. */
  readonly limits?: RequestLimits;
  /** The model of a request that names none, as engines take it; absent or null refuses such a request. */
  readonly onlyModel?: string | null;
}

/** Takes all steps of a reader at once. */
export function readAllSteps<Request extends ApiRequest>(
  reader: RequestReader<Request>,
): RequestReading<Request> {
  const reading = reader.step(Infinity);
  if (reading === null) throw new TypeError('Cannot read a request: its reader did not end');
  return reading;
}
