import { engineTimeoutsOf } from '@kvasir/engines';
import { availableParallelism } from 'node:os';
import { healthOf, queueOf } from '@kvasir/router';
import { SCHEDULER_OPTIONS_DEFAULT } from '@kvasir/scheduler';
import type { SchedulerOptions } from '@kvasir/scheduler';
import { ServiceError } from '@kvasir/service';
import type { OptionValues } from '@kvasir/service';
import type { HealthOptions } from '@kvasir/worker-health';
import { intakeConfig } from './intake/intake-options.js';
import type { IntakeConfig } from './intake/intake-options.js';
import type { frontendOptions } from './options.js';
import { renderingConfig } from './rendering/rendering-options.js';
import type { RenderingConfig } from './rendering/rendering-options.js';

type Values = OptionValues<typeof frontendOptions.options>;

/** What a frontend is built from. */
export interface FrontendConfig {
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly corsAllowOrigins: readonly string[];
  };
  /** Null: no admin server. */
  readonly admin: { readonly host: string; readonly port: number } | null;
  /** Silence of a stream after which a comment is sent; null sends none. */
  readonly sseKeepaliveMs: number | null;
  readonly namespace: string;
  /** Lower-case names of clients' headers that engines get too. */
  readonly forwardHeaders: readonly string[];
  /** What clients may send, and how. */
  readonly intake: IntakeConfig;
  readonly text: {
    /** Null takes what the workers' records say. */
    readonly tokenizerPath: string | null;
    /** JSON of an object; null for none. */
    readonly templateVariables: string | null;
    readonly workerCount: number;
    readonly cacheTokensMax: number;
    readonly bytesMax: number;
    readonly timeoutMs: number;
  };
  readonly rendering: RenderingConfig;
  /** Of the decode and the aggregated pool. */
  readonly scheduler: Omit<SchedulerOptions, 'blockSize'>;
  readonly syncsReplicas: boolean;
  /** When workers count as faulty. */
  readonly health: HealthOptions;
  readonly disaggregation: {
    readonly isEnforced: boolean;
    readonly routerTimeoutMs: number;
  };
  readonly engineTimeouts: ReturnType<typeof engineTimeoutsOf>;
  readonly limits: {
    readonly legAttemptsMax: number;
    readonly requestsMax: number;
    readonly requestTimeoutMs: number;
  };
}

/** Turns checked option values into groups. */
export function frontendConfig(values: Values): FrontendConfig {
  return {
    http: {
      host: values.httpHost,
      port: values.httpPort,
      corsAllowOrigins: corsOrigins(values.corsAllowOrigin),
    },
    admin: values.adminPort === null ? null : { host: values.adminHost, port: values.adminPort },
    sseKeepaliveMs: values.sseKeepaliveMs,
    namespace: values.namespace,
    forwardHeaders: values.forwardHeaders.map((name) => name.toLowerCase()),
    intake: intakeConfig(values),
    text: {
      tokenizerPath: values.tokenizerPath,
      templateVariables: templateVariablesOf(values.defaultChatTemplateKwargs),
      workerCount: values.textWorkers ?? textWorkersFor(availableParallelism()),
      cacheTokensMax: values.textCacheTokensMax,
      bytesMax: values.textBytesMax,
      timeoutMs: values.encodeTimeoutMs,
    },
    rendering: renderingConfig(values),
    syncsReplicas: values.routerReplicaSync,
    health: healthOf(values),
    scheduler: {
      ...SCHEDULER_OPTIONS_DEFAULT,
      mode: values.routerMode,
      temperature: values.routerTemperature,
      indexBlocksMax: values.indexBlocksMax,
      queue: queueOf(values),
      // A booking that outlives its request's deadline was forgotten.
      bookingTtlMs: values.requestTimeoutMs + BOOKING_GRACE_MS,
    },
    disaggregation: {
      isEnforced: values.enforceDisagg,
      routerTimeoutMs: values.prefillRouterTimeoutMs,
    },
    engineTimeouts: engineTimeoutsOf(values),
    limits: {
      legAttemptsMax: values.legAttemptsMax,
      requestsMax: values.requestsMax,
      requestTimeoutMs: values.requestTimeoutMs,
    },
  };
}

/** `none` is how a list is emptied. */
function corsOrigins(origins: readonly string[]): readonly string[] {
  return origins.includes('none') ? [] : origins;
}

/** Each costs the memory of a tokenizer, and what it saves shows only under load: slices keep short prompts from waiting. */
export function textWorkersFor(cores: number): number {
  return Math.min(4, Math.max(1, Math.floor(cores / 4)));
}

/** What a request may take beyond its deadline to be cleaned up. */
const BOOKING_GRACE_MS = 60_000;

/** @throws ServiceError when it is no JSON object. */
function templateVariablesOf(json: string | null): string | null {
  if (json === null || isJsonObject(json)) return json;
  throw new ServiceError(
    'SERVICE_BAD_CONFIGURATION',
    `--default-chat-template-kwargs must be a JSON object, received ${json.slice(0, 100)}`,
  );
}

function isJsonObject(json: string): boolean {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
