import { planeOptions } from '@kvasir/planes';
import { defineOptions, logLevels } from '@kvasir/service';

export const engineKinds = ['vllm', 'sglang', 'trtllm'] as const;

/** Every setting of the engine agent. */
export const engineAgentOptions = defineOptions({
  program: 'engine-agent',
  summary: 'Looks after stock engines: registers them, and tells routers what their KV caches hold.',
  options: {
    engine: {
      kind: 'choice',
      choices: engineKinds,
      default: 'vllm',
      doc: 'What the engine is.',
      group: 'Engine',
    },
    url: {
      kind: 'string',
      default: null,
      doc: "Base URL of the engine's HTTP server, as frontends reach it.",
      group: 'Engine',
    },
    kvEvents: {
      kind: 'string',
      default: null,
      doc: 'Where it publishes KV events, e.g. tcp://127.0.0.1:5557; ranks follow on the next ports. "pull" asks TensorRT-LLM for them over HTTP.',
      group: 'Engine',
    },
    kvReplay: {
      kind: 'string',
      default: null,
      doc: 'Where it answers for events that were missed (replay_endpoint); ranks follow on the next ports.',
      group: 'Engine',
    },
    kvTopic: { kind: 'string', default: '', doc: 'Topic of its events.', group: 'Engine' },
    dataParallelRanks: {
      kind: 'integer',
      default: 1,
      min: 1,
      max: 256,
      unit: 'ranks',
      doc: 'KV caches of the engine.',
      group: 'Engine',
    },
    role: {
      kind: 'choice',
      choices: ['prefill', 'decode', 'both'],
      default: 'both',
      doc: 'What the worker registers for.',
      group: 'Engine',
    },
    endpoint: {
      kind: 'string',
      default: null,
      doc: 'namespace.component.endpoint to register at; by default kvasir.prefill.generate, kvasir.decode.generate or kvasir.aggregated.generate by role.',
      group: 'Engine',
    },
    workerId: {
      kind: 'string',
      default: null,
      doc: 'Name to register under, stable over restarts; by default host and port of the URL.',
      group: 'Engine',
    },
    model: {
      kind: 'string',
      default: null,
      doc: 'Model name; what the engine says by default.',
      group: 'Engine',
    },
    blockSize: {
      kind: 'integer',
      default: null,
      min: 1,
      max: 1024,
      unit: 'tokens',
      doc: "Tokens per KV block; what the engine says by default. The engine's blocks must be a multiple of it.",
      group: 'Engine',
    },
    contextTokensMax: {
      kind: 'integer',
      default: null,
      min: 1,
      unit: 'tokens',
      doc: 'Longest prompt plus output; what the engine says by default.',
      group: 'Engine',
    },
    tokenizerPath: {
      kind: 'string',
      default: null,
      doc: 'Folder with tokenizer.json, told to frontends.',
      group: 'Engine',
    },
    taints: {
      kind: 'strings',
      default: [],
      doc: 'Labels that routing constraints can require, e.g. zone=a.',
      group: 'Engine',
    },
    enginesFile: {
      kind: 'string',
      default: null,
      doc: 'YAML file with a list "engines" of the settings above, for several engines; in the place of --url.',
      group: 'Engines',
    },
    leaseMs: {
      kind: 'integer',
      default: 10_000,
      min: 300,
      unit: 'ms',
      doc: 'How long a registration outlives an agent that died.',
      group: 'Life',
    },
    probeMs: {
      kind: 'integer',
      default: 1_000,
      min: 50,
      unit: 'ms',
      doc: "How often the engine's health is asked for.",
      group: 'Life',
    },
    loadMs: {
      kind: 'integer',
      default: 1_000,
      min: 50,
      unit: 'ms',
      doc: 'How often the engine is asked for its load.',
      group: 'Life',
    },
    probeFailuresMax: {
      kind: 'integer',
      default: 3,
      min: 1,
      unit: 'probes',
      doc: 'Failures in a row after which the engine is taken off the list.',
      group: 'Life',
    },
    adminHost: {
      kind: 'string',
      default: '127.0.0.1',
      doc: 'Address for probes and /metrics.',
      group: 'Admin',
    },
    adminPort: {
      kind: 'integer',
      default: 9102,
      min: 0,
      max: 65_535,
      doc: 'Port for that; 0 takes a free one.',
      group: 'Admin',
    },
    logLevel: {
      kind: 'choice',
      choices: logLevels,
      default: 'info',
      doc: 'Least severe lines that are logged.',
    },
    ...planeOptions,
  },
  check: ({ url, enginesFile }) =>
    (url === null) === (enginesFile === null)
      ? ['Give either --url for one engine or --engines-file for several']
      : [],
});
