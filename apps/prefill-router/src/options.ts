import { parseEndpointName } from '@kvasir/contract';
import { engineTimeoutOptions } from '@kvasir/engines';
import { checkRouterState, planeOptions, routerStateOptions } from '@kvasir/planes';
import { healthOptions, queueOptions } from '@kvasir/router';
import { defineOptions, lameDuckOptions } from '@kvasir/service';

/** Every setting of the prefill router. */
export const prefillRouterOptions = defineOptions({
  program: 'prefill-router',
  summary: 'Routes requests to the worker that holds most of the prompt and has the least to do, over gRPC.',
  options: {
    endpoint: {
      kind: 'string',
      default: 'kvasir.prefill.generate',
      doc: 'Workers to route to: namespace.component.endpoint.',
    },
    namespace: {
      kind: 'string',
      default: null,
      doc: "Replaces the endpoint's first part.",
    },
    blockSize: {
      kind: 'integer',
      default: null,
      min: 1,
      max: 1024,
      unit: 'tokens',
      aliases: ['router-block-size'],
      doc: 'Tokens per KV block; learned from the workers when not given. Workers that differ are refused.',
    },
    grpcHost: { kind: 'string', default: '127.0.0.1', doc: 'Address that the gRPC server listens on.' },
    grpcAdvertisedHost: {
      kind: 'string',
      default: null,
      doc: 'Host that other services are told to reach the gRPC server at, when it listens on all addresses.',
    },
    grpcPort: {
      kind: 'integer',
      default: 8090,
      min: 0,
      max: 65_535,
      doc: 'Port that the gRPC server listens on; 0 takes a free one.',
    },
    adminHost: { kind: 'string', default: '127.0.0.1', doc: 'Address for probes and metrics.' },
    adminPort: {
      kind: 'integer',
      default: 8091,
      min: 0,
      max: 65_535,
      doc: 'Port for /health, /live, /ready and /metrics; 0 takes a free one.',
    },
    logLevel: {
      kind: 'choice',
      choices: ['trace', 'debug', 'info', 'warn', 'error', 'silent'],
      default: 'info',
      doc: 'Least severe lines that are logged.',
    },
    routerMode: {
      kind: 'choice',
      choices: ['kv', 'round-robin', 'random'],
      default: 'kv',
      doc: 'How workers are chosen.',
      group: 'Routing',
    },
    routerTemperature: {
      kind: 'number',
      default: 0,
      min: 0,
      doc: '0 takes the lowest cost; above, workers are sampled by cost.',
      group: 'Routing',
    },
    routerOverlapScoreCredit: {
      kind: 'number',
      aliases: ['router-kv-overlap-score-credit'],
      default: 1,
      min: 0,
      unit: 'blocks',
      doc: 'Credit per block of overlap; above 1 favours affinity over balance.',
      group: 'Routing',
    },
    routerOverlapScoreCreditDecay: {
      kind: 'number',
      aliases: ['router-kv-overlap-score-credit-decay'],
      default: 0,
      min: 0,
      doc: 'Weakens the credit of busy workers: 1 halves it at one request of excess.',
      group: 'Routing',
    },
    routerPrefillLoadScale: {
      kind: 'number',
      default: 1,
      min: 0,
      doc: 'Weight of prefill work against blocks in use.',
      group: 'Routing',
    },
    routerDecodeActiveRequestWeight: {
      kind: 'number',
      default: 0,
      min: 0,
      unit: 'blocks',
      doc: 'Cost of each request that a worker runs already.',
      group: 'Routing',
    },
    routerTrackPrefillTokens: {
      kind: 'boolean',
      default: true,
      doc: 'Count prompt tokens that wait or are being computed.',
      group: 'Routing',
    },
    routerAssumeKvReuse: {
      kind: 'boolean',
      default: true,
      doc: 'Count blocks that running requests share once.',
      group: 'Routing',
    },
    routerTrackActiveBlocks: {
      kind: 'boolean',
      default: true,
      doc: 'Count the blocks of running requests.',
      group: 'Routing',
    },
    routerKvUsageMax: {
      kind: 'number',
      default: null,
      min: 0,
      max: 1,
      doc: "Part of an engine's KV cache in use (as it says itself) from which on it is passed over while others are below.",
      group: 'Routing',
    },
    ...queueOptions,
    ...healthOptions,
    poolRequestsMax: {
      kind: 'integer',
      default: null,
      min: 1,
      unit: 'requests',
      doc: 'Requests that the pool can take at once; told to routers of several pools, which compare pools by it.',
      group: 'Routing',
    },
    ...engineTimeoutOptions,
    routerIndexBlocksMax: {
      kind: 'integer',
      default: 10_000_000,
      min: 1,
      unit: 'blocks',
      doc: 'Distinct blocks in the index; the oldest are dropped beyond.',
      group: 'Limits',
    },
    routerBookingTtlMs: {
      kind: 'integer',
      default: 3_600_000,
      min: 1,
      unit: 'ms',
      doc: 'Age at which a booking that nobody freed is dropped.',
      group: 'Limits',
    },
    routerBookingsMax: {
      kind: 'integer',
      default: 100_000,
      min: 1,
      unit: 'requests',
      doc: 'Requests booked at once; more are rejected.',
      group: 'Limits',
    },
    routerBookingsPerCallerMax: {
      kind: 'integer',
      default: 50_000,
      min: 1,
      unit: 'requests',
      doc: 'The same for each address that books over gRPC; one that forgets to free cannot take all.',
      group: 'Limits',
    },
    ...lameDuckOptions,
    drainMs: {
      kind: 'integer',
      default: 30_000,
      min: 0,
      unit: 'ms',
      doc: 'How long running calls may take to finish after the lame-duck time.',
      group: 'Limits',
    },
    ...routerStateOptions,
    ...planeOptions,
  },
  check: ({ endpoint, namespace, ...values }) => {
    const name = parseEndpointName(endpoint);
    if (name === null) {
      return [`--endpoint must be namespace.component.endpoint in a-z 0-9 _ -, received "${endpoint}"`];
    }
    const isGood = namespace === null || parseEndpointName(`${namespace}.a.b`) !== null;
    const problems = checkRouterState(values);
    return isGood
      ? problems
      : [`--namespace must be one part in a-z 0-9 _ -, received "${namespace}"`, ...problems];
  },
});
