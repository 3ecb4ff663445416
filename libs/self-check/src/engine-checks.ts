import type { CheckCode } from './checks.js';
import { SILENT_BLOCKS_MIN, FOREIGN_LOOKS_MIN } from './event-account.js';
import type { EventAccountState } from './event-account.js';
import { finding } from './finding.js';
import type { Finding } from './finding.js';

/** One socket of KV events. */
export interface WatchedSocket {
  readonly rank: number;
  readonly endpoint: string;
  /** True once there was a connection, however long. */
  readonly wasConnected: boolean;
}

/** One engine, as whoever looks after it sees it. */
export interface WatchedEngine {
  readonly workerId: string;
  readonly url: string;
  readonly isRegistered: boolean;
  /** Why it is not registered; null when it is, and while it does not answer at all. */
  readonly refusal: string | null;
  /** Who else has its id: another holder, with his engine's URL. Null when nobody does. */
  readonly rival: { readonly holder: string; readonly url: string } | null;
  /** Who looks after it here, for people. */
  readonly holder: string;
  /** Status of its list of models when it was not 200. */
  readonly modelsStatus: number | null;
  readonly hasApiKey: boolean;
  /** Whether anybody was told where its KV events are. */
  readonly hasKvEvents: boolean;
  /** As it says itself; null when it does not. */
  readonly prefixCaching: boolean | null;
  /** Tokens per block as it says itself, and as it is registered with; null when nobody has said. */
  readonly ownBlockSize: number | null;
  readonly poolBlockSize: number | null;
  /** Of ZMQ; empty for events that come otherwise. */
  readonly sockets: readonly WatchedSocket[];
  /** What it computes and what it tells, side by side. */
  readonly account: EventAccountState;
  /** Events that were left out in its present life, by reason. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/** What is wrong with one engine. */
export function engineFindings(engine: WatchedEngine): readonly Finding[] {
  const found = [...standingFindings(engine)];
  if (engine.isRegistered) found.push(...cacheFindings(engine), ...eventFindings(engine));
  return found;
}

/** What keeps it from getting requests. */
function standingFindings(engine: WatchedEngine): readonly Finding[] {
  const { workerId, url, modelsStatus, hasApiKey, rival, holder, refusal } = engine;
  const tell = (code: CheckCode, seen: string): readonly Finding[] => [finding(code, workerId, seen)];
  if (modelsStatus === 401 || modelsStatus === 403)
    return tell(
      'CHECK_API_KEY',
      hasApiKey
        ? `${url}/v1/models answers ${modelsStatus} to the API key that was given`
        : `${url}/v1/models answers ${modelsStatus}, and no API key was given`,
    );
  if (rival !== null && rival.url !== url)
    return tell(
      'CHECK_ID_OF_TWO_ENGINES',
      `"${workerId}" is the name of ${rival.url} at ${rival.holder} and of ${url} at ${holder}, so ${url} gets no requests`,
    );
  if (rival !== null)
    return tell('CHECK_ENGINE_OF_TWO_AGENTS', `${url} is looked after by ${rival.holder} and by ${holder}`);
  return refusal === null ? [] : tell('CHECK_NOT_REGISTERED', `${url} gets no requests: ${refusal}`);
}

function cacheFindings({
  workerId,
  url,
  prefixCaching,
  ownBlockSize,
  poolBlockSize,
}: WatchedEngine): Finding[] {
  const found: Finding[] = [];
  if (prefixCaching === false)
    found.push(
      finding(
        'CHECK_PREFIX_CACHING_OFF',
        workerId,
        `${url} says enable_prefix_caching="False", so no prompt is ever found in its cache`,
      ),
    );
  if (ownBlockSize !== null && poolBlockSize !== null && !goInto(ownBlockSize, poolBlockSize))
    found.push(
      finding(
        'CHECK_BLOCK_SIZE',
        workerId,
        `${url} has blocks of ${ownBlockSize} tokens and its pool blocks of ${poolBlockSize}`,
      ),
    );
  return found;
}

function goInto(one: number, other: number): boolean {
  return one % other === 0 || other % one === 0;
}

/** What is wrong with what it tells of its cache. */
function eventFindings(engine: WatchedEngine): readonly Finding[] {
  const { workerId, url, hasKvEvents, sockets, account, leftOut } = engine;
  const found: Finding[] = [];
  const tell = (code: CheckCode, seen: string): void => void found.push(finding(code, workerId, seen));
  if (!hasKvEvents)
    tell(
      'CHECK_NO_KV_EVENTS',
      `nobody was told where ${url} publishes KV events, so what its cache holds is not known and load alone decides`,
    );
  const unconnected = sockets.filter(({ wasConnected }) => !wasConnected);
  if (unconnected.length > 0)
    tell(
      'CHECK_KV_EVENTS_NOT_CONNECTED',
      `nobody has answered at ${unconnected.map(({ endpoint }) => endpoint).join(', ')}, where the KV events of ${url} are to be read`,
    );
  else if (hasKvEvents && account.filledBlocks >= SILENT_BLOCKS_MIN)
    tell(
      'CHECK_KV_EVENTS_SILENT',
      `${url} has computed some ${account.filledBlocks} blocks since its last KV event${whereOf(sockets)}`,
    );
  if (account.idleStores >= FOREIGN_LOOKS_MIN)
    tell(
      'CHECK_KV_EVENTS_FOREIGN',
      `blocks were told of ${account.idleStores} times while ${url} had nothing to do${whereOf(sockets)}`,
    );
  found.push(...leftOutFindings(workerId, url, leftOut));
  return found;
}

function whereOf(sockets: readonly WatchedSocket[]): string {
  return sockets.length === 0 ? '' : ` (read at ${sockets.map(({ endpoint }) => endpoint).join(', ')})`;
}

/** Reasons that show that the engine speaks otherwise than is understood. */
const NOT_UNDERSTOOD = new Set([
  'badShape',
  'badHash',
  'badTokens',
  'badBatch',
  'mediaTokens',
  'unnamedAdapter',
  'malformedMessages',
  'failedMessages',
  'unknownTag',
  'ungrouped',
  'tokenCount',
]);

function leftOutFindings(workerId: string, url: string, leftOut: ReadonlyMap<string, number>): Finding[] {
  const found: Finding[] = [];
  const ofRanks = leftOut.get('otherRank') ?? 0;
  if (ofRanks > 0)
    found.push(
      finding(
        'CHECK_KV_EVENTS_OTHER_RANK',
        workerId,
        `${ofRanks} messages at ports of ${url} were of another rank`,
      ),
    );
  const ofSizes = leftOut.get('blockSize') ?? 0;
  if (ofSizes > 0)
    found.push(
      finding(
        'CHECK_BLOCK_SIZE',
        workerId,
        `${ofSizes} KV events of ${url} were of blocks that do not go into the pool's`,
      ),
    );
  const strange = [...leftOut].filter(([reason, count]) => count > 0 && NOT_UNDERSTOOD.has(reason));
  if (strange.length > 0)
    found.push(
      finding(
        'CHECK_KV_EVENTS_NOT_UNDERSTOOD',
        workerId,
        `KV events of ${url} were left out: ${strange.map(([reason, count]) => `${reason} ${count}`).join(', ')}`,
      ),
    );
  return found;
}
