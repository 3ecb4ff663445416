import { requestId } from '@kvasir/units';
import type { RequestId } from '@kvasir/units';
import type { Attempts } from '@kvasir/worker-health';

/** What a router knows an attempt by: a booking elsewhere that is being freed keeps its id busy for a moment. */
export function bookingId(ofRequest: RequestId, { failedCount }: Attempts): RequestId {
  return failedCount === 0 ? ofRequest : requestId(`${ofRequest}.${failedCount}`);
}
