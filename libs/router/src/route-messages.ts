import type { DialectName } from '@kvasir/contract';
import type { Decision, RejectionCode, RouteConstraints, RouteOverrides } from '@kvasir/scheduler';
import type { Incarnation, RequestId } from '@kvasir/units';

/** A prompt and what separates equal tokens with unequal KV. */
export interface Prompt {
  /** Token ids; must not change while it is routed. */
  readonly tokens: Uint32Array;
  readonly loraName?: string | undefined;
  readonly cacheSalt?: string | undefined;
  readonly media?: readonly MediaItem[] | undefined;
}

/** An image, a clip or the like in a prompt. */
export interface MediaItem {
  /** What the engine calls its content. */
  readonly identifier: string;
  /** Its placeholder tokens; at least one. */
  readonly firstToken: number;
  readonly tokenCount: number;
}

export interface RouteRequest extends Prompt {
  /** Null asks without booking. Who books owes `free`. */
  readonly requestId: RequestId | null;
  /** Who asks, where callers are told apart. */
  readonly caller?: string | undefined;
  readonly overrides?: RouteOverrides | undefined;
  readonly constraints?: RouteConstraints | undefined;
}

/** How a request may wait. */
export interface WaitOptions {
  /** Higher ones go first. */
  readonly priority: number;
  /** Makes a signal that ends the waiting; called only when it begins. */
  readonly left?: (() => AbortSignal) | undefined;
}

/** Where a request goes, and how to reach it. */
export interface RouteDecision extends Decision {
  readonly url: string;
  readonly dialect: DialectName;
  readonly incarnation: Incarnation;
  /** Tokens per block. */
  readonly blockSize: number;
}

export type RouteOutcome =
  | { readonly kind: 'routed'; readonly decision: RouteDecision }
  | { readonly kind: 'rejected'; readonly code: RejectionCode; readonly message: string };
