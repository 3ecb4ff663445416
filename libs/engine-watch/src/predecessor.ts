import { encodeKvRecoveryRequest, subjects } from '@kvasir/contract';
import type { WorkerRecord } from '@kvasir/contract';
import type { EventPlane } from '@kvasir/event-plane';

/** How long whoever tells of a life may take to say so. */
const ANSWER_MS_MAX = 1_000;

/**
 * Whether somebody still tells of the life of an engine that a record names: two must not number the batches of one life. One who stands still does not
 * answer; he finds that his registration is another's before he goes on.
 */
export async function isToldOf(
  plane: EventPlane,
  { endpoint, workerId, incarnation, rankStart: rank }: WorkerRecord,
): Promise<boolean> {
  const source = { workerId, incarnation, rank };
  const request = encodeKvRecoveryRequest({ source, want: { kind: 'snapshot' } });
  const leaving = new AbortController();
  try {
    const answer = plane.request(
      subjects.kvRecovery(endpoint, source),
      request,
      ANSWER_MS_MAX,
      leaving.signal,
    );
    const first = await answer[Symbol.asyncIterator]().next();
    return first.done !== true;
  } catch {
    return false;
  } finally {
    leaving.abort();
  }
}
