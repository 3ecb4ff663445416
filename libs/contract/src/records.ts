import type { Incarnation, RouterId, WorkerId } from '@kvasir/units';

/** `namespace.component.endpoint`, e.g. `kvasir.prefill.generate`: what workers register at and routers watch. */
export interface EndpointName {
  readonly namespace: string;
  readonly component: string;
  readonly endpoint: string;
}

export type WorkerRole = 'prefill' | 'decode' | 'both';
export type DialectName = 'vllm' | 'sglang' | 'trtllm';

/** What an engine says of itself when it registers. */
export interface WorkerRecord {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
  readonly endpoint: EndpointName;
  /** Base URL of the engine's HTTP server, without a trailing slash. */
  readonly url: string;
  readonly dialect: DialectName;
  readonly role: WorkerRole;
  readonly model: string;
  /** Every name that it answers to without an adapter, `model` among them; absent when that is the only one. */
  readonly servedNames?: readonly string[] | undefined;
  /** Longest prompt plus output, in tokens. */
  readonly contextTokensMax: number;
  /** Directory with `tokenizer.json` and `tokenizer_config.json`, or null when the frontend must be told. */
  readonly tokenizerPath: string | null;
  /** Tokens per KV block; equal for all workers of a pool. */
  readonly blockSize: number;
  /** Data-parallel ranks `rankStart … rankStart + rankCount − 1`. */
  readonly rankStart: number;
  readonly rankCount: number;
  /** KV capacity per rank, in blocks; null when the engine does not say. */
  readonly kvBlocksTotal: number | null;
  /** Token budget of one engine step; null when the engine does not say. */
  readonly batchedTokensMax: number | null;
  /** False when the worker publishes no KV events: it is then chosen by load alone. */
  readonly publishesKvEvents: boolean;
  /** True once the worker takes no new work. */
  readonly isDraining: boolean;
  /** Somebody has asked for that, so it lasts until somebody ends it. */
  readonly isDrainedByOperator?: boolean | undefined;
  /** Labels that routing constraints can require, e.g. `zone=a`. */
  readonly taints: readonly string[];
  /** LoRA adapters that it serves, each under its name; null when it does not say: any is then tried. */
  readonly loraNames: readonly string[] | null;
  /** Its API asks for a key; the key itself is never in a record. */
  readonly needsApiKey?: boolean | undefined;
  /** Who keeps the record alive, for people, e.g. `gpu-7/4711`; absent once it was left for the next one to take over, or when nobody has said. */
  readonly holder?: string | undefined;
  /** When its process began, in ms since 1970, as it says itself: another moment is another process. */
  readonly startedAtMs?: number | undefined;
}

/** Roles that engines of each dialect can have: a leg of its own needs a plan of how a prompt's KV is handed over. */
const servableRoles: Readonly<Record<DialectName, readonly WorkerRole[]>> = {
  vllm: ['prefill', 'decode', 'both'],
  sglang: ['both'],
  trtllm: ['both'],
};

/** Why a worker could not be given the work that its role stands for; null when it can. */
export function roleProblem({ dialect, role }: Pick<WorkerRecord, 'dialect' | 'role'>): string | null {
  if (servableRoles[dialect].includes(role)) return null;
  return `${dialect} engines cannot have the role ${role}, for how they hand KV over is not known here; with the role both they serve whole requests`;
}

/** Every name that a worker answers to without an adapter. */
export function servedNames({ model, servedNames: names }: WorkerRecord): readonly string[] {
  return names ?? [model];
}

/** A router that serves `Router` for one endpoint. */
export interface RouterRecord {
  readonly routerId: RouterId;
  readonly endpoint: EndpointName;
  /** `host:port` of its gRPC server. */
  readonly address: string;
  /** Endpoints whose routers it chooses among; empty for a router of the endpoint's own workers. */
  readonly pools: readonly EndpointName[];
  readonly isDraining: boolean;
}

/** What all workers of one endpoint share; set by whoever registers or claims first, kept while anyone who did is alive. */
export interface PoolRecord {
  readonly endpoint: EndpointName;
  /** Null while only routers have claimed the pool, who need not know its model: the first worker sets it. */
  readonly model: string | null;
  readonly blockSize: number;
}
