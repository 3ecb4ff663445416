import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CompletionClient } from '../src/completion-client.js';
import { generateTrace } from '../src/generated-trace.js';
import { playTrace } from '../src/play-trace.js';
import { summarize } from '../src/run-summary.js';
import { startStackProcess } from '../src/stack-process.js';
import type { StackProcess } from '../src/stack-process.js';

const MAIN = join(dirname(fileURLToPath(import.meta.url)), '../dist/main.js');

/** The program, compiled (`npm test` builds first). */
async function replay(
  args: readonly string[],
  reaction: { readonly at: RegExp; readonly react: (program: ChildProcess) => void } | null = null,
) {
  const child = spawn(process.execPath, [MAIN, ...args]);
  let out = '';
  let err = '';
  let awaited = reaction;
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr.on('data', (text: Buffer) => {
    err += text.toString();
    if (awaited?.at.test(err) !== true) return;
    awaited.react(child);
    awaited = null;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

describe('a trace played against a real stack', () => {
  let stack: StackProcess;
  beforeAll(async () => {
    stack = await startStackProcess(['--speedup', '50', '--prefill-workers', '2', '--decode-workers', '2']);
  });
  afterAll(() => stack.stop());

  it('gives the figures that the engines give', async () => {
    const { summary } = stack;
    const requests = generateTrace('tool-agent', { requestCount: 60, seed: 5 });
    const nowMs = (): number => performance.now();
    const client = new CompletionClient({
      urls: summary.frontendUrls,
      model: summary.model,
      connections: 64,
      timeoutMs: 30_000,
      nowMs,
    });
    const { signal } = new AbortController();
    setMaxListeners(0, signal);
    const played = await playTrace(requests, {
      ...summary,
      client,
      concurrencyMax: 64,
      nowMs,
      signal,
      progressed: () => undefined,
    });
    await client.close();
    const workerIds = { prefill: ['prefill-1', 'prefill-2'], decode: ['decode-1', 'decode-2'] };
    const figures = summarize(played, { ...summary, mode: 'kv', workerIds });
    expect(figures).toMatchObject({ requests: 60, errors: 0 });
    const asked = requests.reduce((sum, { inputTokens }) => sum + inputTokens, 0);
    expect(figures.promptTokens).toBe(asked);

    const total = async (role: string, name: string): Promise<number> => {
      const urls = summary.engines.filter((engine) => engine.role === role).map(({ url }) => url);
      const texts = await Promise.all(urls.map(async (url) => await (await fetch(`${url}/metrics`)).text()));
      const values = texts.flatMap((text) => text.split('\n').filter((line) => line.startsWith(`${name}{`)));
      return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    };
    expect(await total('prefill', 'vllm:prompt_tokens_total')).toBe(asked);
    expect(await total('prefill', 'vllm:prefix_cache_hits_total')).toBe(
      Math.round(figures.cachedShare * asked),
    );
    const generated = requests.reduce((sum, { outputTokens }) => sum + outputTokens, 0);
    expect(await total('decode', 'vllm:generation_tokens_total')).toBe(generated);
    expect(figures.cachedShare).toBeGreaterThan(0.2);
    // A burst is routed before what its first requests compute can be known.
    expect(figures.predictedShare).toBeGreaterThan(figures.cachedShare / 2);
    expect(figures.predictedShare).toBeLessThan(figures.cachedShare + 0.02);
  });
});

describe('the replay program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kvasir-replay-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('compares modes, each on a fresh stack, and writes the figures', async () => {
    const json = join(folder, 'figures.json');
    const flags = ['--requests', '30', '--speedup', '100', '--generate', 'shared-prefix'];
    const { code, out, err } = await replay([...flags, '--compare', 'round-robin,kv', '--json', json]);
    expect(code).toBe(0);
    expect(err).toContain('kv: 30 of 30 requests, 0 failed');
    expect(out).toMatch(/round-robin +kv +÷ first/);
    const written = JSON.parse(readFileSync(json, 'utf8')) as { runs: { mode: string; requests: number }[] };
    expect(written.runs.map(({ mode, requests }) => [mode, requests])).toEqual([
      ['round-robin', 30],
      ['kv', 30],
    ]);
  });

  it('prints what there is when it is interrupted', async () => {
    const { code, out } = await replay(
      ['--requests', '200', '--speedup', '20', '--generate', 'shared-prefix'],
      { at: /: 40 of 200/, react: (program) => program.kill('SIGINT') },
    );
    expect(code).toBe(130);
    expect(out).toMatch(/errors +[1-9]/);
    expect(out).toContain('given up');
  });

  it('says that the stack ended, in one sentence', async () => {
    const { code, out, err } = await replay(
      ['--requests', '200', '--speedup', '20', '--generate', 'shared-prefix'],
      {
        at: /: 40 of 200/,
        react: ({ pid }) => {
          const stackPid = Number(execFileSync('pgrep', ['-P', String(pid)]).toString());
          process.kill(stackPid, 'SIGKILL');
        },
      },
    );
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toMatch(/\nThe stack ended while the trace was played\n$/);
  });

  it.each([
    [['--trace', join(folder, 'none.jsonl')], /^Cannot read the trace: ENOENT[^\n]*\n$/],
    [
      ['--mode', 'best'],
      /^--mode must be one of kv, round-robin, random, single, multi-pool, received "best"\n$/,
    ],
    [
      ['--compare', 'kv,best'],
      /^--compare must name modes of kv, round-robin, random, single, multi-pool, received "best"\n$/,
    ],
    [
      ['--url', 'localhost:8000'],
      /^--url must be like http:\/\/127.0.0.1:8000, received "localhost:8000"\n$/,
    ],
    [['--json', join(folder, 'none', 'x.json')], /^Cannot write the figures: ENOENT[^\n]*\n$/],
    [['--url', 'http://x', '--compare', 'kv'], /^--compare starts its own stacks: leave out --url\n$/],
  ])('refuses %j in one sentence', async (args, sentence) => {
    const { code, err } = await replay(args);
    expect(code).toBe(64);
    expect(err).toMatch(sentence);
  });

  it('names the line of a bad trace before anything is sent', async () => {
    const trace = join(folder, 'bad.jsonl');
    writeFileSync(trace, '{"timestamp":0,"input_length":1,"output_length":1,"hash_ids":[1]}\nnonsense\n');
    const { code, err } = await replay(['--trace', trace]);
    expect(code).toBe(64);
    expect(err).toBe(`Cannot play ${trace}: line 2: it is no JSON object\n`);
  });
});
