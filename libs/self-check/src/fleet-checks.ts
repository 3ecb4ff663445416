import { finding } from './finding.js';
import type { Finding } from './finding.js';

/** The sockets of an engine's events, as they were configured. */
export interface EngineSockets {
  readonly workerId: string;
  /** Host and port, or path, of each rank's events and replays. */
  readonly addresses: readonly string[];
}

/** What is wrong among the engines that one program looks after. */
export function fleetFindings(engines: readonly EngineSockets[]): readonly Finding[] {
  const users = new Map<string, string[]>();
  for (const { workerId, addresses } of engines)
    for (const address of addresses) users.set(address, [...(users.get(address) ?? []), workerId]);
  return [...users].flatMap(([address, workerIds]) => {
    if (workerIds.length < 2) return [];
    const seen = `${address} is to be read as a socket of ${workerIds.map((id) => `"${id}"`).join(' and of ')}`;
    return [finding('CHECK_KV_EVENTS_SHARED', address, seen)];
  });
}
