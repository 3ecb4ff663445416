import { describe, expect, it } from 'vitest';
import { defineOptions } from './options.js';
import { formatHelp, formatOptionsMarkdown } from './options-text.js';

const table = defineOptions({
  program: 'prefill-router',
  summary:
    'Chooses the worker of a request by what it has cached and how busy it is, over gRPC, for any pool of engines.',
  options: {
    endpoint: { kind: 'string', default: 'kvasir.prefill.generate', doc: 'Whose workers are routed to.' },
    blockSize: {
      kind: 'integer',
      default: null,
      min: 1,
      max: 1024,
      unit: 'tokens',
      aliases: ['router-block-size'],
      doc: 'Tokens per KV block; learned from the workers when absent, and refused when they have another.',
    },
    trackActiveBlocks: { kind: 'boolean', default: true, group: 'Cost', doc: 'Counts blocks | in use.' },
    eager: { kind: 'boolean', default: false, group: 'Cost', doc: 'Goes first.' },
    mode: { kind: 'choice', choices: ['kv', 'random'], default: 'kv', group: 'Cost', doc: 'How to choose.' },
    names: { kind: 'strings', default: [], doc: 'Names.' },
  },
});

describe('formatHelp()', () => {
  it('shows every option under its heading with range, choices and default', () => {
    expect(formatHelp(table))
      .toBe(`prefill-router: Chooses the worker of a request by what it has cached and how
busy it is, over gRPC, for any pool of engines.

Usage: prefill-router [flags]

Flags
  --endpoint <text>
      Whose workers are routed to. [default: kvasir.prefill.generate]
  --block-size <tokens>
      Tokens per KV block; learned from the workers when absent, and refused
      when they have another. [1 … 1024; default: none; also
      --router-block-size]
  --names <text,text>
      Names. [default: none]

Cost
  --no-track-active-blocks
      Counts blocks | in use. [default: true]
  --eager
      Goes first. [default: false]
  --mode <text>
      How to choose. [kv | random; default: kv]

Other
  --help
      Prints this text.
  --version
      Prints the version.

Each flag can also be set by a variable, e.g. KVASIR_PREFILL_ROUTER_ENDPOINT;
flags win.
`);
  });

  it('is at most 80 columns wide', () => {
    for (const line of formatHelp(table).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('formatOptionsMarkdown()', () => {
  it('has one row per option, with bars escaped', () => {
    const rows = formatOptionsMarkdown(table)
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    expect(rows).toEqual([
      '| `--endpoint` | `KVASIR_PREFILL_ROUTER_ENDPOINT` | string | kvasir.prefill.generate | Whose workers are routed to. |',
      '| `--block-size`, `--router-block-size` | `KVASIR_PREFILL_ROUTER_BLOCK_SIZE` | tokens, 1 … 1024 | none | Tokens per KV block; learned from the workers when absent, and refused when they have another. |',
      '| `--names` | `KVASIR_PREFILL_ROUTER_NAMES` | list, comma-separated | none | Names. |',
      '| `--track-active-blocks` | `KVASIR_PREFILL_ROUTER_TRACK_ACTIVE_BLOCKS` | boolean | true | Counts blocks \\| in use. |',
      '| `--eager` | `KVASIR_PREFILL_ROUTER_EAGER` | boolean | false | Goes first. |',
      '| `--mode` | `KVASIR_PREFILL_ROUTER_MODE` | `kv`, `random` | kv | How to choose. |',
    ]);
  });
});
