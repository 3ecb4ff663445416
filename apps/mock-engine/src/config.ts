import { hostname } from 'node:os';
import { parseEndpointName } from '@kvasir/contract';
import type { DialectName, EndpointName, WorkerRole } from '@kvasir/contract';
import type { EventFormat } from '@kvasir/engine-events';
import { ENGINE_OPTIONS_DEFAULT, MS_PER_DECODE_SEQUENCE_DEFAULT } from '@kvasir/engine-sim';
import type { EngineOptions } from '@kvasir/engine-sim';
import { ServiceError } from '@kvasir/service';
import type { OptionValues } from '@kvasir/service';
import { mockTokenizerPath } from '@kvasir/text';
import { engineApis } from './dialects/engine-apis.js';
import type { mockEngineOptions } from './options.js';

type Values = OptionValues<typeof mockEngineOptions.options>;

/** What a mock engine is built from. */
export interface MockEngineConfig {
  readonly dialect: DialectName;
  /** It says how many tokens of a prompt it found cached. */
  readonly reportsCachedTokens: boolean;
  readonly http: { readonly host: string; readonly port: number; readonly advertisedHost: string | null };
  readonly sideChannel: { readonly host: string; readonly port: number };
  readonly registration: {
    readonly role: WorkerRole;
    readonly endpoint: EndpointName;
    /** Null names the worker by role and port. */
    readonly workerId: string | null;
    readonly taints: readonly string[];
    readonly leaseMs: number;
    readonly publishesKvEvents: boolean;
  };
  /** The engine's own event sockets; null when it has none. */
  readonly kvEvents: {
    readonly endpoint: string;
    readonly replayEndpoint: string | null;
    readonly topic: string;
    readonly format: EventFormat;
  } | null;
  readonly model: {
    readonly name: string;
    readonly contextTokensMax: number;
    readonly tokenizerPath: string;
    /** Adapters that requests can name in the place of the model. */
    readonly loraNames: readonly string[];
  };
  readonly engine: EngineOptions;
  /** Data-parallel ranks; each has a KV cache of its own. */
  readonly rankCount: number;
  /** Virtual milliseconds per real one. */
  readonly speedup: number;
  /** How long computed blocks are kept for a decode engine, in real ms. */
  readonly kvLeaseMs: number;
  readonly seed: number;
  readonly bodyBytesMax: number;
  readonly hasRenderRoutes: boolean;
}

const COMPONENTS = { prefill: 'prefill', decode: 'decode', both: 'aggregated' } as const;
const BYTES_PER_MS_OF_GB_PER_S = 1e6;

/** Turns checked option values into groups. @throws ServiceError `SERVICE_BAD_CONFIGURATION` for an endpoint that is none. */
export function mockEngineConfig(values: Values): MockEngineConfig {
  const { role } = values;
  const name = values.endpoint ?? `kvasir.${COMPONENTS[role]}.generate`;
  const endpoint = parseEndpointName(name);
  if (endpoint === null) {
    throw new ServiceError(
      'SERVICE_BAD_CONFIGURATION',
      `--endpoint must be namespace.component.endpoint, received "${name}"`,
    );
  }
  return {
    dialect: values.dialect,
    reportsCachedTokens: values.enablePromptTokensDetails,
    http: { host: values.httpHost, port: values.httpPort, advertisedHost: values.advertisedHost },
    sideChannel: { host: values.sideChannelHost, port: values.sideChannelPort },
    registration: {
      role,
      endpoint,
      workerId: values.workerId,
      taints: values.taints,
      leaseMs: values.leaseMs,
      publishesKvEvents: values.publishKvEvents,
    },
    kvEvents:
      values.kvEventsEndpoint === null
        ? null
        : {
            endpoint: values.kvEventsEndpoint,
            replayEndpoint: values.kvEventsReplayEndpoint,
            topic: values.kvEventsTopic,
            format: values.kvEventsFormat ?? engineApis[values.dialect].eventFormat,
          },
    model: {
      name: values.model,
      contextTokensMax: values.maxModelLen,
      tokenizerPath: values.tokenizerPath ?? mockTokenizerPath,
      loraNames: values.loraNames,
    },
    engine: engineOptions(values),
    rankCount: values.dataParallelSize,
    speedup: values.speedup,
    kvLeaseMs: values.kvLeaseMs,
    seed: values.seed,
    bodyBytesMax: values.bodyBytesMax,
    hasRenderRoutes: values.enableScaleOut,
  };
}

function engineOptions(values: Values): EngineOptions {
  return {
    ...ENGINE_OPTIONS_DEFAULT,
    blockSize: values.blockSize,
    blockCount: values.kvBlocks,
    stepTokensMax: values.maxNumBatchedTokens,
    runningMax: values.maxNumSeqs,
    waitingMax: values.maxNumWaiting,
    timing:
      values.timingProfile === 'batched'
        ? {
            kind: 'batched',
            msPerDecodeSequence: values.msPerDecodeSequence ?? MS_PER_DECODE_SEQUENCE_DEFAULT,
          }
        : { kind: 'polynomial' },
    transfer: {
      bytesPerToken: values.kvBytesPerToken,
      bytesPerMs: values.kvTransferBandwidth * BYTES_PER_MS_OF_GB_PER_S,
      latencyMs: values.kvTransferLatencyMs,
      onFailure: values.kvLoadFailurePolicy,
    },
  };
}

const ALL_ADDRESSES = new Set(['0.0.0.0', '::']);

/** The host that others reach a server at: what was given, else where it listens, else this machine's name when it listens everywhere. */
export function advertisedHostOf(listenHost: string, given: string | null): string {
  if (given !== null) return given;
  return ALL_ADDRESSES.has(listenHost) ? hostname() : listenHost;
}
