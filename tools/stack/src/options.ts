import { defineOptions, logLevels } from '@kvasir/service';
import type { OptionValues } from '@kvasir/service';

/** Options of `npm start`: the whole stack in one process. */
export const stackOptions = defineOptions({
  program: 'stack',
  summary: 'Runs a whole Kvasir stack: frontend, prefill router and mock engines, in one process or in many.',
  options: {
    httpHost: {
      kind: 'string',
      default: '127.0.0.1',
      doc: 'Address that the frontend listens on.',
    },
    httpPort: {
      kind: 'integer',
      default: 8000,
      min: 0,
      max: 65_535,
      doc: 'Port that the frontend listens on; 0 takes a free one.',
    },
    example: {
      kind: 'choice',
      choices: ['none', 'multi-pool', 'single-pool'],
      default: 'none',
      doc: 'multi-pool: four pools (short and long prompts, short and long contexts), each with its own router, behind a global router. single-pool: the same engines in one pool per role.',
    },
    distributed: {
      kind: 'boolean',
      default: false,
      doc: 'Run every service as a process of its own, over a nats-server and a redis-server that are started too.',
      group: 'Processes',
    },
    frontends: {
      kind: 'integer',
      default: 2,
      min: 1,
      max: 16,
      doc: 'Frontends of a distributed stack; --http-port is that of the first.',
      group: 'Processes',
    },
    prefillRouters: {
      kind: 'integer',
      default: 2,
      min: 1,
      max: 16,
      doc: 'Prefill routers of a distributed stack.',
      group: 'Processes',
    },
    prefillWorkers: {
      kind: 'integer',
      default: 2,
      min: 1,
      max: 64,
      doc: 'Mock engines that compute prompts.',
      group: 'Workers',
    },
    decodeWorkers: {
      kind: 'integer',
      default: 2,
      min: 1,
      max: 64,
      doc: 'Mock engines that generate.',
      group: 'Workers',
    },
    aggregatedWorkers: {
      kind: 'integer',
      default: null,
      min: 1,
      max: 64,
      doc: 'Mock engines that do both; given, there is no disaggregation and no prefill router.',
      group: 'Workers',
    },
    blockSize: {
      kind: 'integer',
      default: 64,
      min: 1,
      max: 1024,
      unit: 'tokens',
      doc: 'Tokens per KV block.',
      group: 'Workers',
    },
    kvBlocks: {
      kind: 'integer',
      default: 16_384,
      min: 1,
      max: 4_194_304,
      unit: 'blocks',
      doc: 'KV capacity of each engine.',
      group: 'Workers',
    },
    dataParallelSize: {
      kind: 'integer',
      default: 1,
      min: 1,
      max: 16,
      unit: 'ranks',
      doc: 'Data-parallel ranks of each engine; each has a KV cache of its own.',
      group: 'Workers',
    },
    model: {
      kind: 'string',
      default: 'kvasir-mock',
      doc: 'Model name that the engines serve.',
      group: 'Workers',
    },
    loraNames: {
      kind: 'strings',
      default: [],
      doc: 'LoRA adapters that the engines serve beside the model; requests name one in the place of the model.',
      group: 'Workers',
    },
    speedup: {
      kind: 'number',
      default: 1,
      min: 0.01,
      max: 100_000,
      doc: 'How many times faster than real the engines compute.',
      group: 'Workers',
    },
    routerMode: {
      kind: 'choice',
      choices: ['kv', 'round-robin', 'random'],
      default: 'kv',
      doc: 'How workers are chosen.',
      group: 'Routing',
    },
    enforceDisagg: {
      kind: 'boolean',
      default: false,
      doc: 'Refuse requests while no prefill worker is alive instead of running them on the decode workers.',
      group: 'Routing',
    },
    durableKvEvents: {
      kind: 'boolean',
      default: false,
      doc: 'With --distributed: routers keep KV events and snapshots, and are warm when they restart.',
      group: 'Routing',
    },
    routerSnapshotThreshold: {
      kind: 'integer',
      default: 1_000_000,
      min: 1,
      unit: 'messages',
      doc: 'Kept messages at which a router makes a snapshot.',
      group: 'Routing',
    },
    logLevel: {
      kind: 'choice',
      choices: logLevels,
      default: 'warn',
      doc: 'Least severe lines that are logged, as JSON on standard error.',
      group: 'Output',
    },
    readyJson: {
      kind: 'boolean',
      default: false,
      doc: 'Print one JSON line instead of the table once ready, for programs that start a stack.',
      group: 'Output',
    },
  },
  check: ({ example, aggregatedWorkers }) =>
    example !== 'none' && aggregatedWorkers !== null
      ? ['--example has prefill and decode pools and cannot be given with --aggregated-workers']
      : [],
});

export type StackValues = OptionValues<typeof stackOptions.options>;
