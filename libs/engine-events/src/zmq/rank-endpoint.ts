const TCP_PORT = /^tcp:\/\/.+:(\d+)$/;
const PORT_MAX = 65_535;

/**
 * Where the event socket of a data-parallel rank is, as engines place them: over TCP on the port `rank` above the base.
 * @throws RangeError for a rank above 0 at an address that has room for one rank only; {@link rankEndpointProblem} says so beforehand.
 */
export function rankEndpoint(base: string, rank: number): string {
  if (rank === 0) return base;
  if (base.startsWith('inproc://')) return `${base}_dp${rank}`;
  const problem = rankEndpointProblem(base, rank + 1);
  if (problem !== null)
    throw new RangeError(`Cannot place rank ${rank}: its base address ${problem}, received "${base}"`);
  const port = TCP_PORT.exec(base)?.[1] ?? '';
  return `${base.slice(0, -port.length)}${Number(port) + rank}`;
}

/** Why so many ranks cannot have event sockets at this base address, as in "must be …"; null when they can. */
export function rankEndpointProblem(base: string, rankCount: number): string | null {
  if (rankCount === 1 || base.startsWith('inproc://')) return null;
  const port = Number(TCP_PORT.exec(base)?.[1] ?? 0);
  if (port === 0)
    return 'must be tcp:// with a port when there are several ranks: they follow on the next ports';
  return port + rankCount - 1 > PORT_MAX
    ? `must leave room below port ${PORT_MAX} for ${rankCount} ranks`
    : null;
}
