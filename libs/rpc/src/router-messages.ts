import type { DialectName, HashWords } from '@kvasir/contract';
import type { Incarnation, RequestId, WorkerId } from '@kvasir/units';

/** A prompt and what separates equal tokens with unequal KV. */
export interface RouterPrompt {
  /** Token ids; the receiver owns its copy. */
  readonly tokens: Uint32Array;
  /** Adapter name; absent for the base model. */
  readonly loraName?: string | undefined;
  /** Isolation salt. */
  readonly cacheSalt?: string | undefined;
  /** Model name; absent means the pool's only model. */
  readonly model?: string | undefined;
  /** Images, clips and the like; at most `MEDIA_ITEMS_MAX`. */
  readonly media?: readonly MediaItem[] | undefined;
}

/** One media item of a prompt. */
export interface MediaItem {
  /** What the engine calls its content; 1 to `MEDIA_IDENTIFIER_LENGTH_MAX` characters. */
  readonly identifier: string;
  /** Its placeholder tokens, within the prompt; at least one. */
  readonly firstToken: number;
  readonly tokenCount: number;
}

/** Per-request overrides of the router's configuration; an absent field keeps the configured value. Numbers are finite and not negative. */
export interface RouterOverrides {
  readonly temperature?: number | undefined;
  readonly overlapScoreCredit?: number | undefined;
  readonly prefillLoadScale?: number | undefined;
  readonly assumeKvReuse?: boolean | undefined;
  readonly trackPrefillTokens?: boolean | undefined;
}

/** Restricts the candidates; a target must satisfy all that is given. */
export interface RoutingConstraints {
  /** Exact worker; the call fails when it cannot take the request. */
  readonly pinnedWorkerId?: WorkerId | undefined;
  readonly pinnedRank?: number | undefined;
  /** Absent or empty allows every worker. */
  readonly allowedWorkerIds?: readonly WorkerId[] | undefined;
  readonly excludedWorkerIds?: readonly WorkerId[] | undefined;
  readonly requiredTaints?: readonly string[] | undefined;
}

/** What a router of several pools goes by; a router of one pool uses the priority only. */
export interface PoolHints {
  /** Time to first token and time between tokens that the request would like, in ms. */
  readonly ttftTargetMs?: number | undefined;
  readonly itlTargetMs?: number | undefined;
  readonly priority?: number | undefined;
  /** Requests of one session stay in one pool where they can. */
  readonly sessionId?: string | undefined;
  /** Pool of the other leg, as a decision named it. */
  readonly partnerPool?: string | undefined;
  readonly requiredLabels?: readonly string[] | undefined;
}

export interface BestWorkerIdRequest {
  readonly prompt: RouterPrompt;
  readonly overrides?: RouterOverrides | undefined;
  readonly constraints?: RoutingConstraints | undefined;
  readonly poolHints?: PoolHints | undefined;
}

export interface FindBestWorkerRequest extends BestWorkerIdRequest {
  /** Unique per booking; chosen by the caller; 1 to `REQUEST_ID_LENGTH_MAX` characters. */
  readonly requestId: RequestId;
  readonly expectedOutputTokens?: number | undefined;
}

export interface GenerateRequest extends BestWorkerIdRequest {
  /** Null lets the router choose one. */
  readonly requestId: RequestId | null;
  /** UTF-8 JSON object of the engine's own sampling fields; empty for none. */
  readonly samplingJson: Uint8Array;
}

/** One named term of a cost. */
export interface CostTerm {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** Where a request goes, and why. */
export interface RouteDecision {
  readonly workerId: WorkerId;
  readonly rank: number;
  /** Base URL of the engine. */
  readonly url: string;
  readonly dialect: DialectName;
  readonly incarnation: Incarnation;
  /** Leading prompt blocks that the chosen target holds. */
  readonly overlapBlocks: number;
  /** Complete blocks of the prompt. */
  readonly promptBlocks: number;
  readonly blockSize: number;
  readonly cachedTokens: number;
  readonly cost: number;
  readonly terms: readonly CostTerm[];
  /** Pool that was chosen; null when a local router answers, `outer/inner` when routers of pools are nested. */
  readonly pool: string | null;
  /** `host:port` of the router that holds the booking, when that is not the one that was asked. */
  readonly routerAddress: string | null;
}

/** One pool, with what spoke for and against it. */
export interface ExplainedPool {
  readonly name: string;
  /** Null for an eligible pool. */
  readonly refusedFor: string | null;
  readonly pressure: number | null;
  readonly isSaturated: boolean;
  readonly cost: number | null;
  readonly inCell: boolean;
}

/** Which pool a request would go to: the chosen one first, then where to fail over, then who was refused. */
export interface PoolExplanation {
  readonly pools: readonly ExplainedPool[];
  /** Null when no pool is eligible. */
  readonly reason: string | null;
  readonly cell: readonly number[];
  readonly spilledFrom: string | null;
}

/** What one target's load would be if it took the prompt. */
export interface PotentialLoad {
  readonly workerId: WorkerId;
  readonly rank: number;
  readonly potentialPrefillTokens: number;
  readonly potentialDecodeBlocks: number;
  readonly activeRequests: number;
}

export interface OverlapScores {
  readonly blockSize: number;
  readonly promptBlocks: number;
  readonly scores: readonly {
    readonly workerId: WorkerId;
    readonly rank: number;
    readonly overlapBlocks: number;
  }[];
}

/** Blocks that one target holds, as one chain: each block's parent is the one before it. */
export interface DumpedChain {
  readonly workerId: WorkerId;
  readonly rank: number;
  /** The block before the first; null at the root of a prompt. */
  readonly parent: HashWords | null;
  readonly hashes: HashWords;
}

/** First `routed`, then one `chunk` per engine event with its JSON as it came. */
export type GenerateEvent =
  | { readonly kind: 'routed'; readonly decision: RouteDecision }
  | { readonly kind: 'chunk'; readonly json: Uint8Array };
