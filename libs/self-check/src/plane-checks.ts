import { finding } from './finding.js';
import type { Finding } from './finding.js';

/** What a program knows of NATS, of Redis and of what comes from them. */
export interface WatchedPlanes {
  readonly hasSecret: boolean;
  /** By the name of the plane: why it is away. */
  readonly lost: ReadonlyMap<string, string>;
  /** What was refused in the last while, by what it carried and why. */
  readonly refusedMessages: readonly {
    readonly kind: string;
    readonly fault: string;
    readonly count: number;
  }[];
  readonly refusedWorkers: readonly { readonly workerId: string; readonly url: string }[];
}

/** What is wrong with what programs share. */
export function planeFindings(planes: WatchedPlanes): readonly Finding[] {
  const found = [...planes.lost].map(([plane, reason]) =>
    finding('CHECK_PLANE_LOST', plane, `the ${plane} cannot be reached: ${reason}`),
  );
  if (!planes.hasSecret)
    found.push(
      finding('CHECK_NO_PLANE_SECRET', 'planes', 'messages and records of NATS and Redis carry no seal'),
    );
  for (const { kind, fault, count } of planes.refusedMessages)
    found.push(
      finding(
        fault === 'stale' ? 'CHECK_CLOCK_SKEW' : 'CHECK_PLANE_MESSAGES_REFUSED',
        kind,
        `${count} messages of the kind ${kind} were refused in the last minute: ${fault}`,
      ),
    );
  for (const { workerId, url } of planes.refusedWorkers)
    found.push(
      finding(
        'CHECK_WORKER_URL_REFUSED',
        workerId,
        `"${workerId}" is registered at ${url}, which is not allowed`,
      ),
    );
  return found;
}
