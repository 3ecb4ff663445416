import { defineOptions } from '@kvasir/service';
import type { OptionValues } from '@kvasir/service';
import { workloads } from './generated-trace.js';

/** How workers are chosen; `single` and `multi-pool` choose by KV among the same engines, in one pool per role and in four pools. */
const routerModes = ['kv', 'round-robin', 'random', 'single', 'multi-pool'] as const;

/** Options of `npm run replay`. */
export const replayOptions = defineOptions({
  program: 'replay',
  summary: 'Plays a trace of requests against a Kvasir stack and prints what its users would have seen.',
  options: {
    trace: {
      kind: 'string',
      default: null,
      doc: "Trace file in Mooncake's JSONL schema; without one a trace is generated.",
      group: 'Trace',
    },
    generate: {
      kind: 'choice',
      choices: workloads,
      default: 'conversation',
      doc: 'What is generated.',
      group: 'Trace',
    },
    requests: {
      kind: 'integer',
      default: 1_000,
      min: 1,
      unit: 'requests',
      doc: 'How many of the trace are played, from its beginning.',
      group: 'Trace',
    },
    seed: { kind: 'integer', default: 1, min: 0, doc: 'Seed of a generated trace.', group: 'Trace' },
    mode: {
      kind: 'choice',
      choices: routerModes,
      default: 'kv',
      doc: 'How workers are chosen.',
      group: 'Stack',
    },
    compare: {
      kind: 'strings',
      default: [],
      doc: 'Several modes, each played in turn on a fresh stack, e.g. round-robin,kv.',
      group: 'Stack',
    },
    speedup: {
      kind: 'number',
      default: 10,
      min: 0.1,
      max: 1_000,
      doc: 'How many times faster than real the trace and the engines run.',
      group: 'Stack',
    },
    distributed: {
      kind: 'boolean',
      default: false,
      doc: 'Start stacks of many processes over NATS and Redis, with two frontends that take turns.',
      group: 'Stack',
    },
    prefillWorkers: { kind: 'integer', default: 4, min: 1, max: 64, doc: 'Prefill engines.', group: 'Stack' },
    decodeWorkers: { kind: 'integer', default: 4, min: 1, max: 64, doc: 'Decode engines.', group: 'Stack' },
    aggregatedWorkers: {
      kind: 'integer',
      default: null,
      min: 1,
      max: 64,
      doc: 'Engines that do both, in the place of the others.',
      group: 'Stack',
    },
    kvBlocks: {
      kind: 'integer',
      default: 16_384,
      min: 1,
      max: 4_194_304,
      unit: 'blocks',
      doc: 'KV capacity of each engine.',
      group: 'Stack',
    },
    blockSize: {
      kind: 'integer',
      default: 64,
      min: 1,
      max: 1_024,
      unit: 'tokens',
      doc: 'Tokens per KV block.',
      group: 'Stack',
    },
    url: {
      kind: 'string',
      default: null,
      doc: 'A frontend that runs already, in the place of a stack; --speedup, --model and --block-size must then be what it has.',
      group: 'Running stack',
    },
    model: {
      kind: 'string',
      default: 'kvasir-mock',
      doc: 'Model that is asked for.',
      group: 'Running stack',
    },
    vocabularySize: {
      kind: 'integer',
      default: 1_000,
      min: 32,
      doc: 'Prompts of a running stack have token ids below this.',
      group: 'Running stack',
    },
    contextTokensMax: {
      kind: 'integer',
      default: 131_072,
      min: 2,
      unit: 'tokens',
      doc: 'Prompts of a running stack are cut to leave room for their output in this.',
      group: 'Running stack',
    },
    concurrencyMax: {
      kind: 'integer',
      default: 1_024,
      min: 1,
      unit: 'requests',
      doc: 'Requests in flight; more are sent late, and counted.',
      group: 'Limits',
    },
    timeoutMs: {
      kind: 'integer',
      default: 120_000,
      min: 1,
      unit: 'ms',
      doc: 'Longest silence of an answer.',
      group: 'Limits',
    },
    json: {
      kind: 'string',
      default: null,
      doc: 'File for the figures and settings as JSON.',
      group: 'Output',
    },
  },
  check: ({ compare, url }) => {
    const unknown = compare.filter((mode) => !routerModes.some((known) => known === mode));
    const problems = unknown.map(
      (mode) => `--compare must name modes of ${routerModes.join(', ')}, received "${mode}"`,
    );
    if (url !== null && !isHttpUrl(url))
      problems.push(`--url must be like http://127.0.0.1:8000, received "${url}"`);
    if (url !== null && compare.length > 0) problems.push('--compare starts its own stacks: leave out --url');
    return problems;
  },
});

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
}

export type ReplayValues = OptionValues<typeof replayOptions.options>;
