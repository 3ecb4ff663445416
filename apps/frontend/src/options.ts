import { parseEndpointName } from '@kvasir/contract';
import { engineTimeoutOptions } from '@kvasir/engines';
import { checkRouterState, planeOptions, routerStateOptions } from '@kvasir/planes';
import { healthOptions, queueOptions } from '@kvasir/router';
import { defineOptions, lameDuckOptions } from '@kvasir/service';
import { checkIntake, intakeOptions } from './intake/intake-options.js';
import { checkRendering, renderingOptions } from './rendering/rendering-options.js';

/** Every setting of the frontend. */
export const frontendOptions = defineOptions({
  program: 'frontend',
  summary: 'Serves the OpenAI API over pools of engines, each request on the workers that suit it best.',
  options: {
    httpHost: { kind: 'string', default: '127.0.0.1', doc: 'Address that the HTTP server listens on.' },
    httpPort: {
      kind: 'integer',
      default: 8000,
      min: 0,
      max: 65_535,
      doc: 'Port that the HTTP server listens on; 0 takes a free one.',
    },
    corsAllowOrigin: {
      kind: 'strings',
      default: ['*'],
      doc: 'Origins of web pages that may call, * for all, none for none.',
    },
    namespace: {
      kind: 'string',
      default: 'kvasir',
      doc: 'Deployment whose pools are served: first part of their endpoints.',
    },
    tokenizerPath: {
      kind: 'string',
      default: null,
      doc: 'Folder with tokenizer.json and its chat template; what the workers say when not given.',
    },
    defaultChatTemplateKwargs: {
      kind: 'string',
      default: null,
      doc: 'Variables that every chat template gets, as a JSON object: the value that the engines have for the option of this name.',
    },
    adminHost: {
      kind: 'string',
      default: '127.0.0.1',
      doc: 'Address of the admin port, which has no access control: keep clients from it.',
    },
    adminPort: {
      kind: 'integer',
      default: null,
      min: 0,
      max: 65_535,
      doc: 'Port for operators: /admin/workers, and probes and metrics as on the HTTP port; 0 takes a free one. None by default.',
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
      doc: 'How decode and aggregated workers are chosen; prefill workers are chosen by their router.',
      group: 'Routing',
    },
    ...queueOptions,
    ...healthOptions,
    forwardHeaders: {
      kind: 'strings',
      default: [
        'authorization',
        'traceparent',
        'tracestate',
        'baggage',
        'anthropic-version',
        'anthropic-beta',
      ],
      doc: 'Headers of clients that engines get too.',
    },
    routerTemperature: {
      kind: 'number',
      default: 0,
      min: 0,
      doc: '0 takes the lowest cost; above, workers are sampled by cost.',
      group: 'Routing',
    },
    enforceDisagg: {
      kind: 'boolean',
      default: false,
      doc: 'Answer 503 while no prefill worker can take a request, instead of running it in one leg.',
      group: 'Routing',
    },
    prefillRouterTimeoutMs: {
      kind: 'integer',
      default: 2_000,
      min: 1,
      unit: 'ms',
      doc: 'How long a prefill router may take to choose a worker, time in its queue included.',
      group: 'Routing',
    },
    legAttemptsMax: {
      kind: 'integer',
      default: 3,
      min: 1,
      max: 16,
      doc: 'Workers that one leg of a request is tried on before its first byte.',
      group: 'Limits',
    },
    requestsMax: {
      kind: 'integer',
      default: 4_096,
      min: 1,
      doc: 'Requests that run at a time; more are answered 503 with Retry-After.',
      group: 'Limits',
    },
    requestTimeoutMs: {
      kind: 'integer',
      default: 600_000,
      min: 1,
      unit: 'ms',
      doc: 'Deadline of a request, both legs and the whole answer.',
      group: 'Limits',
    },
    ...engineTimeoutOptions,
    sseKeepaliveMs: {
      kind: 'integer',
      default: null,
      min: 1,
      unit: 'ms',
      doc: 'A stream that was silent for so long gets an SSE comment, also before its first token: then its status is 200 already and a failure is an error event. None is sent by default.',
      group: 'Limits',
    },
    textWorkers: {
      kind: 'integer',
      default: null,
      min: 1,
      max: 64,
      doc: 'Threads that turn text into tokens; one per four cores, at most four, when not given.',
      group: 'Limits',
    },
    textCacheTokensMax: {
      kind: 'integer',
      default: 2_000_000,
      min: 1,
      unit: 'tokens',
      doc: 'Tokens of earlier messages that each of these threads remembers.',
      group: 'Limits',
    },
    textBytesMax: {
      kind: 'integer',
      default: 64 * 1024 * 1024,
      min: 1,
      unit: 'bytes',
      doc: 'Bodies whose text waits to be turned into tokens or is being turned, together; beyond, load alone decides.',
      group: 'Limits',
    },
    encodeTimeoutMs: {
      kind: 'integer',
      default: 5_000,
      min: 1,
      unit: 'ms',
      doc: 'How long a prompt may take to be turned into tokens; after that load alone decides.',
      group: 'Limits',
    },
    indexBlocksMax: {
      kind: 'integer',
      default: 10_000_000,
      min: 1,
      unit: 'blocks',
      doc: 'Distinct blocks in the index of each pool; the oldest are dropped beyond.',
      group: 'Limits',
    },
    ...lameDuckOptions,
    drainMs: {
      kind: 'integer',
      default: 30_000,
      min: 0,
      unit: 'ms',
      doc: 'How long running requests may take to finish after the lame-duck time.',
      group: 'Limits',
    },
    ...renderingOptions,
    ...intakeOptions,
    ...routerStateOptions,
    ...planeOptions,
  },
  check: ({ namespace, ...values }) => [
    ...(parseEndpointName(`${namespace}.a.b`) === null
      ? [`--namespace must be one part in a-z 0-9 _ -, received "${namespace}"`]
      : []),
    ...checkIntake(values),
    ...checkRendering(values),
    ...checkRouterState(values),
  ],
});
