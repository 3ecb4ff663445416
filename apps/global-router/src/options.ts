import { parseEndpointName } from '@kvasir/contract';
import { planeOptions } from '@kvasir/planes';
import { defineOptions, lameDuckOptions, logLevels } from '@kvasir/service';

/** Every setting of the global router but for the pools, which are in a file of their own. */
export const globalRouterOptions = defineOptions({
  program: 'global-router',
  summary:
    'Chooses the pool for each request and leaves the worker to its own router. "global-router check FILE" checks a configuration.',
  options: {
    config: {
      kind: 'string',
      default: null,
      doc: "YAML or JSON file of pools and policies, or a file of Dynamo's global router; read again when it changes.",
    },
    namespace: {
      kind: 'string',
      default: 'kvasir',
      doc: 'Where frontends find this router: it registers at NAMESPACE.prefill.generate, .decode.generate and .aggregated.generate.',
    },
    defaultTtftTarget: {
      kind: 'number',
      default: null,
      min: 0,
      unit: 'ms',
      doc: 'Time to first token for requests that name none; the middle of the grid by default.',
      group: 'Routing',
    },
    defaultItlTarget: {
      kind: 'number',
      default: null,
      min: 0,
      unit: 'ms',
      doc: 'Time between tokens for requests that name none; the middle of the grid by default.',
      group: 'Routing',
    },
    poolTimeoutMs: {
      kind: 'integer',
      default: 1_000,
      min: 1,
      unit: 'ms',
      doc: "How long a pool's router may take to answer before the next pool is tried.",
      group: 'Routing',
    },
    grpcHost: { kind: 'string', default: '127.0.0.1', doc: 'Address that the gRPC servers listen on.' },
    grpcAdvertisedHost: {
      kind: 'string',
      default: null,
      doc: 'Host that other services are told, when it listens on all addresses.',
    },
    grpcPort: {
      kind: 'integer',
      default: 8190,
      min: 0,
      max: 65_533,
      doc: 'Port for prefill pools; decode and aggregated pools are on the next two. 0 takes free ones.',
    },
    adminHost: { kind: 'string', default: '127.0.0.1', doc: 'Address for probes, metrics and /admin/pools.' },
    adminPort: {
      kind: 'integer',
      default: 8193,
      min: 0,
      max: 65_535,
      doc: 'Port for that; 0 takes a free one.',
    },
    ...lameDuckOptions,
    drainMs: {
      kind: 'integer',
      default: 30_000,
      min: 0,
      unit: 'ms',
      doc: 'How long running calls may take to finish after the lame-duck time.',
    },
    logLevel: {
      kind: 'choice',
      choices: logLevels,
      default: 'info',
      doc: 'Least severe lines that are logged.',
    },
    ...planeOptions,
  },
  check: ({ config, namespace }) => [
    ...(config === null ? ['--config must be given: the file of pools'] : []),
    ...(parseEndpointName(`${namespace}.a.b`) === null
      ? [`--namespace must be one part in a-z 0-9 _ -, received "${namespace}"`]
      : []),
  ],
});
