import type { IncomingMessage, ServerResponse } from 'node:http';
import { openAiError } from '@kvasir/openai';
import type { ApiRequest, OpenAiError } from '@kvasir/openai';
import type { Clock, Logger } from '@kvasir/service';
import type { RequestId } from '@kvasir/units';
import type { RequestIntake } from '../intake/request-intake.js';
import type { FrontendMetrics, RejectionReason } from '../metrics.js';
import type { RequestLog } from '../request-log.js';
import { countTargets } from '../serving/count-targets.js';
import { RequestRecord } from '../serving/request-record.js';
import { endedError, RequestScope } from '../serving/request-scope.js';
import type { ActiveRequest, IncomingRequest } from '../serving/serving-parts.js';
import type { ApiEndpoint } from './api-server.js';
import { ClientAnswer } from './client-answer.js';
import type { ForwardedHeaders } from './forwarded-headers.js';
import { probeHalfClosed } from './half-closed.js';
import { readHeaderHints } from './header-hints.js';
import { requestIds } from './request-ids.js';

export interface RequestDeskParts {
  readonly limits: {
    readonly requestsMax: number;
    readonly requestTimeoutMs: number;
  };
  readonly intake: RequestIntake;
  readonly serve: (incoming: IncomingRequest) => Promise<OpenAiError | null>;
  /** The model of requests that name none; null when there are several, or none. */
  readonly onlyModel: () => string | null;
  readonly newRequestId: () => RequestId;
  readonly forwardedHeaders: ForwardedHeaders;
  readonly metrics: FrontendMetrics;
  readonly log: RequestLog;
  /** Told of each request that was answered. */
  readonly answered: (record: RequestRecord) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Arrived = Pick<ActiveRequest, 'answer' | 'scope' | 'record'> & { readonly unique: RequestId };

/**
 * Where requests come in and go out: admission, reading and parsing, the life of each (deadline, client leaving, closing), and what is counted and
 * logged when it ends, however it ends.
 */
export class RequestDesk {
  readonly #parts: RequestDeskParts;
  readonly #running = new Set<RequestScope>();
  /** Of those that run, the ones whose body is complete. */
  #admitted = 0;
  #isDraining = false;
  #onEmpty: (() => void) | null = null;

  constructor(parts: RequestDeskParts) {
    this.#parts = parts;
  }

  get requestsInFlight(): number {
    return this.#running.size;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Takes no new request; resolves when none runs any more. */
  drain(): Promise<void> {
    this.#isDraining = true;
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** Ends every request that runs, with an error, and waits until each has cleaned up. */
  async endAll(): Promise<void> {
    const emptied = this.drain();
    for (const scope of this.#running) scope.end('closing');
    await emptied;
  }

  /** Serves one request from its head to its end. Never rejects. */
  async handle(endpoint: ApiEndpoint, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock, limits, newRequestId } = this.#parts;
    const ids = requestIds(request.headers['x-request-id'], newRequestId);
    const record = new RequestRecord(ids.unique, endpoint.kind, clock.nowMs());
    const answer = new ClientAnswer(response, ids.shown);
    const refusal = this.#refusal();
    if (refusal !== null) {
      answer.fail(refusal);
      this.#finish(record, answer, refusal);
      return;
    }
    const scope = new RequestScope(clock, limits.requestTimeoutMs);
    this.#running.add(scope);
    answer.onLeave(() => scope.end('clientLeft'));
    probeHalfClosed(request, response, clock);
    const error = await this.#serve(endpoint, request, { answer, scope, record, unique: ids.unique });
    scope.settle();
    if (scope.endCause() === 'clientLeft') this.#parts.metrics.disconnects.inc({ stage: record.stage });
    if (error !== null) answer.fail(error);
    this.#finish(record, answer, error);
    this.#running.delete(scope);
    if (this.#running.size === 0) this.#onEmpty?.();
  }

  #refusal(): OpenAiError | null {
    if (this.#isDraining) return endedError('closing');
    const { requestsMax } = this.#parts.limits;
    if (this.#admitted < requestsMax) return null;
    return openAiError('overloaded', `${requestsMax} requests run already, as many as may; try again later`);
  }

  async #serve(
    endpoint: ApiEndpoint,
    request: IncomingMessage,
    active: Arrived,
  ): Promise<OpenAiError | null> {
    const { logger, intake, onlyModel } = this.#parts;
    const { scope, unique } = active;
    const account = intake.open(request);
    try {
      const body = await intake.readBody(request, account, scope);
      if (body.kind === 'refused') return body.error;
      // Whoever is still sending holds no place: it may take its time.
      const refusal = this.#refusal();
      if (refusal !== null) return refusal;
      return await this.#admit(async () => {
        const reading = await intake.read(endpoint, body.bytes, { scope, onlyModel: onlyModel() });
        if (reading.kind === 'invalid') return reading.error;
        return await this.#serveRead(request, reading.request, active);
      });
    } catch (error) {
      logger.error({ error, requestId: unique }, 'request failed');
      // Whatever still runs for it ends with it.
      scope.end('closing');
      return openAiError('internal_error', 'The server failed; its log says more');
    } finally {
      account.release();
    }
  }

  async #admit<Value>(run: () => Promise<Value>): Promise<Value> {
    this.#admitted += 1;
    try {
      return await run();
    } finally {
      this.#admitted -= 1;
    }
  }

  async #serveRead(
    { headers }: IncomingMessage,
    read: ApiRequest,
    { answer, scope, record, unique }: Arrived,
  ): Promise<OpenAiError | null> {
    record.model = read.model;
    const hinted = readHeaderHints(headers, read.hints);
    if (hinted.kind === 'invalid') return hinted.error;
    record.hints = hinted.hints;
    const request = { ...read, hints: hinted.hints };
    const serving = {
      request,
      requestId: unique,
      forwardedHeaders: this.#parts.forwardedHeaders.of(headers),
      asksForUsage: request.isStream && !request.includesUsage,
    };
    return await this.#parts.serve({ request, serving, answer, scope, record });
  }

  #finish(record: RequestRecord, answer: ClientAnswer, error: OpenAiError | null): void {
    const { metrics, log, clock } = this.#parts;
    const nowMs = clock.nowMs();
    const status =
      error?.code === 'client_closed_request' ? error.status : (answer.status ?? error?.status ?? 500);
    const { endpoint, mode } = record;
    metrics.requests.inc({ endpoint, mode, status_class: statusClass(status) });
    metrics.duration.observe({ endpoint }, (nowMs - record.startMs) / 1000);
    if (record.unreadEvents > 0) metrics.unreadEvents.inc(record.unreadEvents);
    if (error === null) {
      this.#countTokens(record);
      this.#parts.answered(record);
      countTargets(metrics, record, nowMs);
    }
    const reason = error === null || record.attempts > 0 ? null : rejectionReason(error);
    if (reason !== null) metrics.rejections.inc({ reason });
    log.write(record, status, error, nowMs);
  }

  #countTokens(record: RequestRecord): void {
    const { metrics } = this.#parts;
    metrics.inputTokens.inc(record.promptTokens);
    metrics.outputTokens.inc(record.outputTokens);
    metrics.cachedTokens.inc(record.cachedTokens ?? 0);
    metrics.predictedOverlapTokens.inc(record.predictedTokens);
  }
}

/** The `status_class` of a metric: a client that left is a class of its own. */
function statusClass(status: number): string {
  return status === 499 ? '499' : `${Math.floor(status / 100)}xx`;
}

function rejectionReason(error: OpenAiError): RejectionReason | null {
  switch (error.code) {
    case 'overloaded':
      return 'requestsMax';
    case 'shutting_down':
      return 'draining';
    case 'bodies_overloaded':
      return 'bodyBytes';
    case 'client_overloaded':
      return 'clientBytes';
    case 'request_incomplete':
      return 'bodyTooSlow';
    case 'body_too_large':
      return 'bodyTooLarge';
    case 'body_too_complex':
      return 'bodyTooComplex';
    case 'model_not_found':
      return 'unknownModel';
    case 'no_workers':
      return 'noWorkers';
    case 'prefill_unavailable':
      return 'prefillUnavailable';
    case 'tokenizer_failed':
      return 'tokenizer';
    default:
      return error.status < 499 ? 'badRequest' : null;
  }
}
