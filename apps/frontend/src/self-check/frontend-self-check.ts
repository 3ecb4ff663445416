import { formatEndpointName } from '@kvasir/contract';
import type { Registry } from '@kvasir/registry';
import { AnswerWindow } from '@kvasir/self-check';
import { SelfCheck } from '@kvasir/service';
import type { Clock, FindingSource, Logger, Metrics } from '@kvasir/service';
import type { RequestRecord } from '../serving/request-record.js';
import { frontendFindings } from './frontend-findings.js';
import type { CheckedFrontend } from './frontend-findings.js';
import { Neighbours } from './neighbours.js';

export interface FrontendSelfCheckParts extends Omit<CheckedFrontend, 'neighbours' | 'answers' | 'epochMs'> {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Milliseconds since 1970; the machine's by default. */
  readonly epochMs?: (() => number) | undefined;
  /** What is wrong with whatever is looked after besides. */
  readonly otherFindings?: FindingSource | undefined;
}

/** The self-check of a frontend: what it sees of workers and routers, and what answers say. */
export class FrontendSelfCheck {
  readonly #parts: FrontendSelfCheckParts;
  readonly #answers = new AnswerWindow();
  readonly #neighbours: Neighbours;
  readonly #check: SelfCheck;

  constructor(parts: FrontendSelfCheckParts) {
    this.#parts = parts;
    const { registry, decode, aggregated, prefill, otherFindings, epochMs = Date.now } = parts;
    const own = [decode, aggregated, prefill].map(({ directory }) => formatEndpointName(directory.endpoint));
    this.#neighbours = new Neighbours(registry, own);
    const seen = { ...parts, neighbours: this.#neighbours, answers: this.#answers, epochMs };
    const sources = [() => frontendFindings(seen), ...(otherFindings === undefined ? [] : [otherFindings])];
    this.#check = new SelfCheck({ ...parts, sources });
  }

  get findings(): SelfCheck['findings'] {
    return this.#check.findings;
  }

  start(): void {
    this.#neighbours.start(this.#parts.namespace);
    this.#check.start();
  }

  close(): void {
    this.#check.close();
    this.#neighbours.close();
  }

  /** What an answer says of the worker that computed the prompt. */
  answered(record: RequestRecord): void {
    const { mode, prefillWorkerId, decodeWorkerId } = record;
    const workerId = mode === 'disaggregated' ? prefillWorkerId : decodeWorkerId;
    if (workerId === null) return;
    const { decode, aggregated, prefill } = this.#parts;
    const worker = [prefill, decode, aggregated]
      .map(({ directory }) => directory.worker(workerId))
      .find((one) => one !== null);
    const { ownTokens, engineTokens, predictedTokens, cachedTokens, handedOver } = record;
    const publishesKvEvents = worker?.publishesKvEvents === true;
    this.#answers.note({
      ...{ workerId, publishesKvEvents, ownTokens, engineTokens },
      ...{ predictedTokens, cachedTokens, handedOver },
    });
  }
}
