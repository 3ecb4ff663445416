import { requestId } from '@kvasir/units';
import type { RequestId } from '@kvasir/units';

/** What a client may call its request; anything else is answered under an id of ours. */
const CLIENT_ID = /^[\w.:+/=@-]{1,128}$/;

export interface RequestIds {
  /** What the client knows the request by: its own id when it sent one. */
  readonly shown: RequestId;
  /** What routers and engines know it by: unique, also when clients repeat their ids; begins with the shown one. */
  readonly unique: RequestId;
}

/** @param fresh a new unique id. */
export function requestIds(
  clientHeader: string | readonly string[] | undefined,
  fresh: () => RequestId,
): RequestIds {
  const made = fresh();
  if (typeof clientHeader !== 'string' || !CLIENT_ID.test(clientHeader)) return { shown: made, unique: made };
  return { shown: requestId(clientHeader), unique: requestId(`${clientHeader}-${made}`) };
}
