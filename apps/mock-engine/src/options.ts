import { parseEndpointName, roleProblem } from '@kvasir/contract';
import { eventFormats, rankEndpointProblem } from '@kvasir/engine-events';
import { planeOptions } from '@kvasir/planes';
import { defineOptions, logLevels } from '@kvasir/service';

const BLOCK_SIZE_MAX = 1024;

/** Every setting of the mock engine. Flags that a vLLM server has too are called as there. */
export const mockEngineOptions = defineOptions({
  program: 'mock-engine',
  summary:
    'An engine without a GPU: answers like the OpenAI server of vLLM, SGLang or TensorRT-LLM, with simulated time and a real KV cache.',
  options: {
    httpHost: { kind: 'string', default: '127.0.0.1', doc: 'Address that the HTTP server listens on.' },
    httpPort: {
      kind: 'integer',
      default: 8100,
      min: 0,
      max: 65_535,
      doc: 'Port that the HTTP server listens on; 0 takes a free one.',
    },
    advertisedHost: {
      kind: 'string',
      default: null,
      doc: 'Host that others are told to reach the engine and its side channel at, when it listens on all addresses.',
    },
    logLevel: {
      kind: 'choice',
      choices: logLevels,
      default: 'info',
      doc: 'Least severe lines that are logged.',
    },
    role: {
      kind: 'choice',
      choices: ['prefill', 'decode', 'both'],
      default: 'both',
      doc: 'What the worker registers for. It serves any request that comes, as vLLM does.',
      group: 'Registration',
    },
    endpoint: {
      kind: 'string',
      default: null,
      doc: 'namespace.component.endpoint to register at; by default kvasir.prefill.generate, kvasir.decode.generate or kvasir.aggregated.generate by role.',
      group: 'Registration',
    },
    workerId: {
      kind: 'string',
      default: null,
      doc: 'Name to register under, stable over restarts; by default the role and the port.',
      group: 'Registration',
    },
    taints: {
      kind: 'strings',
      default: [],
      doc: 'Labels that routing constraints can require, e.g. zone=a.',
      group: 'Registration',
    },
    leaseMs: {
      kind: 'integer',
      default: 10_000,
      min: 100,
      unit: 'ms',
      doc: 'How long the registration outlives an engine that died.',
      group: 'Registration',
    },
    publishKvEvents: {
      kind: 'boolean',
      default: true,
      doc: 'Publish what the KV cache stores and evicts.',
      group: 'Registration',
    },
    register: {
      kind: 'boolean',
      default: true,
      doc: 'Register and publish by itself; without it the engine is a plain server that an engine agent looks after, and needs no NATS and Redis.',
      group: 'Registration',
    },
    kvEventsEndpoint: {
      kind: 'string',
      default: null,
      doc: 'Address that the ZMQ socket of KV events is bound to, e.g. tcp://127.0.0.1:5557.',
      group: 'KV events',
    },
    kvEventsReplayEndpoint: {
      kind: 'string',
      default: null,
      doc: 'Address that missed events are answered at, e.g. tcp://127.0.0.1:5558.',
      group: 'KV events',
    },
    kvEventsFormat: {
      kind: 'choice',
      choices: eventFormats,
      default: null,
      doc: 'Wire format, by default that of the dialect: of vLLM before 0.24, of vLLM since, of SGLang, of TensorRT-LLM (push).',
      group: 'KV events',
    },
    kvEventsTopic: {
      kind: 'string',
      default: '',
      doc: 'Topic that every message begins with.',
      group: 'KV events',
    },
    dialect: {
      kind: 'choice',
      choices: ['vllm', 'sglang', 'trtllm'],
      default: 'vllm',
      doc: 'Whose routes, answers, errors, metrics and KV events it has.',
      group: 'Engine',
    },
    enablePromptTokensDetails: {
      kind: 'boolean',
      default: true,
      aliases: ['enable-cache-report'],
      doc: "Say in each answer how many tokens of the prompt were found cached. SGLang's flag of the second name; there nothing is said of none.",
      group: 'Engine',
    },
    model: { kind: 'string', default: 'kvasir-mock', doc: 'Model name that is served.', group: 'Engine' },
    loraNames: {
      kind: 'strings',
      default: [],
      doc: 'LoRA adapters that are served beside the model, each under its name.',
      group: 'Engine',
    },
    dataParallelSize: {
      kind: 'integer',
      default: 1,
      min: 1,
      max: 64,
      unit: 'ranks',
      doc: 'Data-parallel ranks, each with a KV cache and a batch of its own; requests name one in X-data-parallel-rank.',
      group: 'Engine',
    },
    maxModelLen: {
      kind: 'integer',
      default: 131_072,
      min: 16,
      unit: 'tokens',
      doc: 'Longest prompt plus output.',
      group: 'Engine',
    },
    tokenizerPath: {
      kind: 'string',
      default: null,
      doc: 'Folder with tokenizer.json; by default the tokenizer that ships with the mock.',
      group: 'Engine',
    },
    blockSize: {
      kind: 'integer',
      default: 64,
      min: 1,
      max: BLOCK_SIZE_MAX,
      unit: 'tokens',
      doc: 'Tokens per KV block.',
      group: 'Engine',
    },
    kvBlocks: {
      kind: 'integer',
      default: 16_384,
      min: 1,
      max: 4_194_304,
      unit: 'blocks',
      aliases: ['num-gpu-blocks-override'],
      doc: 'KV capacity.',
      group: 'Engine',
    },
    maxNumBatchedTokens: {
      kind: 'integer',
      default: 8192,
      min: 1,
      unit: 'tokens',
      doc: 'Tokens computed in one engine step.',
      group: 'Engine',
    },
    maxNumSeqs: {
      kind: 'integer',
      default: 256,
      min: 1,
      max: 65_536,
      unit: 'requests',
      doc: 'Requests that run at a time.',
      group: 'Engine',
    },
    maxNumWaiting: {
      kind: 'integer',
      default: 8192,
      min: 1,
      unit: 'requests',
      doc: 'Requests that wait at a time; more are refused with 429.',
      group: 'Engine',
    },
    seed: {
      kind: 'integer',
      default: 0,
      min: 0,
      max: 4_294_967_295,
      doc: 'Seed of the generated text.',
      group: 'Engine',
    },
    timingProfile: {
      kind: 'choice',
      choices: ['polynomial', 'batched'],
      default: 'polynomial',
      doc: 'How long an engine step takes: the polynomials of a published mocker, or the same with costs per sequence and for attention to earlier chunks.',
      group: 'Time',
    },
    msPerDecodeSequence: {
      kind: 'number',
      default: null,
      min: 0,
      unit: 'ms',
      doc: 'What each generating sequence adds to a step; for the batched profile only, there 0.04 by default.',
      group: 'Time',
    },
    speedup: {
      kind: 'number',
      default: 1,
      min: 0.001,
      max: 100_000,
      doc: 'How many times faster than real the engine computes.',
      group: 'Time',
    },
    sideChannelHost: {
      kind: 'string',
      default: '127.0.0.1',
      doc: 'Address that decode engines fetch KV blocks from.',
      group: 'KV transfer',
    },
    sideChannelPort: {
      kind: 'integer',
      default: 0,
      min: 0,
      max: 65_535,
      doc: 'Port for that; 0 takes a free one.',
      group: 'KV transfer',
    },
    kvLeaseMs: {
      kind: 'integer',
      default: 30_000,
      min: 100,
      unit: 'ms',
      doc: 'How long computed blocks are kept for a decode engine that has not asked for them; not sped up.',
      group: 'KV transfer',
    },
    kvBytesPerToken: {
      kind: 'integer',
      default: 131_072,
      min: 0,
      unit: 'bytes',
      doc: 'Size of the KV of one token: layers x 2 x KV heads x head size x bytes; the default is 32 x 2 x 8 x 128 x 2.',
      group: 'KV transfer',
    },
    kvTransferBandwidth: {
      kind: 'number',
      default: 64,
      min: 0.000_001,
      unit: 'GB/s',
      doc: 'Bandwidth between engines.',
      group: 'KV transfer',
    },
    kvTransferLatencyMs: {
      kind: 'number',
      default: 1,
      min: 0,
      unit: 'ms',
      doc: 'What a transfer takes beside its bytes.',
      group: 'KV transfer',
    },
    kvLoadFailurePolicy: {
      kind: 'choice',
      choices: ['fail', 'recompute'],
      default: 'fail',
      doc: 'What becomes of a request whose blocks cannot be fetched.',
      group: 'KV transfer',
    },
    drainMs: {
      kind: 'integer',
      default: 30_000,
      min: 0,
      unit: 'ms',
      doc: 'How long running requests and leases may take to end after SIGTERM.',
      group: 'Limits',
    },
    enableScaleOut: {
      kind: 'boolean',
      default: false,
      doc: 'Have vLLM’s render routes, which tell the token ids of a request.',
      group: 'Engine',
    },
    bodyBytesMax: {
      kind: 'integer',
      default: 16_777_216,
      min: 1024,
      unit: 'bytes',
      doc: 'Longest request body.',
      group: 'Limits',
    },
    ...planeOptions,
  },
  check: ({ endpoint, timingProfile, msPerDecodeSequence, dataParallelSize, ...values }) => {
    const problems: string[] = [];
    const unservable = roleProblem(values);
    if (unservable !== null) problems.push(`--role cannot be ${values.role}: ${unservable}`);
    if (endpoint !== null && parseEndpointName(endpoint) === null)
      problems.push(`--endpoint must be namespace.component.endpoint in a-z 0-9 _ -, received "${endpoint}"`);
    if (timingProfile !== 'batched' && msPerDecodeSequence !== null)
      problems.push('--ms-per-decode-sequence needs --timing-profile batched');
    for (const [flag, base] of [
      ['--kv-events-endpoint', values.kvEventsEndpoint],
      ['--kv-events-replay-endpoint', values.kvEventsReplayEndpoint],
    ] as const) {
      const problem = base === null ? null : rankEndpointProblem(base, dataParallelSize);
      if (problem !== null) problems.push(`${flag} ${problem}, received "${base}"`);
    }
    return problems;
  },
});
