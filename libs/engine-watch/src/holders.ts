import type { WorkerRecord } from '@kvasir/contract';

/** Why an engine is left to another agent: both are named, and how to end it when it is a mix-up. */
export function standingBack(standing: WorkerRecord, holder: string, url: string): string {
  const { workerId, holder: other = 'somebody who does not say his name' } = standing;
  return standing.url === url
    ? `"${workerId}" is looked after by ${other} already: ${holder} stands back until that one has gone`
    : `"${workerId}" is the name of ${standing.url} at ${other} and of ${url} at ${holder}: give one of them another --worker-id`;
}
