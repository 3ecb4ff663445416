import type { Component } from '@kvasir/service';
import type { StackPart } from './table.js';

export type EngineRole = 'prefill' | 'decode' | 'aggregated';

export interface StackEngine {
  readonly role: EngineRole;
  readonly workerId: string;
  readonly url: string;
}

/** What runs where, once it runs. */
export interface StackSummary {
  readonly url: string;
  readonly model: string;
  readonly contextTokensMax: number;
  readonly vocabularySize: number;
  readonly blockSize: number;
  readonly speedup: number;
  readonly engines: readonly StackEngine[];
  /** All of them; `url` is the first. */
  readonly frontendUrls: readonly string[];
  readonly metricsUrls: { readonly frontend: string; readonly prefillRouter: string | null };
  /** Admin server of the global router; null without one. */
  readonly globalRouterUrl: string | null;
}

/** A stack of one process or of many. */
export interface RunningStack extends Component {
  /** @throws TypeError before it has started. */
  summary(): StackSummary;
  /** The same for a person. */
  parts(): readonly StackPart[];
}
