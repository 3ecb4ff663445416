import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { generateTrace } from '../src/generated-trace.js';
import { promptTokens } from '../src/prompt-tokens.js';

const APPS = join(dirname(fileURLToPath(import.meta.url)), '../../../apps');
const SOON = { timeout: 60_000, interval: 100 };
const BLOCK_SIZE = 64;
const CONTEXT_TOKENS_MAX = 32_768;
/** Of conversations, most of which begin anew in so short a time, and of agents, whose calls share long prompts. */
const [CONVERSATION_COUNT, AGENT_COUNT] = [120, 80];
const REQUEST_COUNT = CONVERSATION_COUNT + AGENT_COUNT;
/** Requests in flight: enough that load matters, few enough that events keep up. */
const CONCURRENCY = 3;

type Dialect = 'vllm' | 'sglang' | 'trtllm';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Engines as processes of their own, each with the routes and KV events of its kind, behind a frontend that reads those events itself. */
class Pool {
  readonly #processes: ChildProcess[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'kvasir-mixed-'));
  readonly #said: string[] = [];
  #url = '';

  async start(dialects: readonly Dialect[]): Promise<void> {
    const engines = [];
    for (const [index, engine] of dialects.entries()) {
      const [http, events, replay] = [await freePort(), await freePort(), await freePort()];
      const [kvEvents, kvReplay] = [`tcp://127.0.0.1:${events}`, `tcp://127.0.0.1:${replay}`];
      this.#launch('mock-engine', [
        ...['--no-register', '--dialect', engine, '--http-port', String(http), '--speedup', '200'],
        ...['--block-size', String(BLOCK_SIZE), '--max-model-len', String(CONTEXT_TOKENS_MAX)],
        ...['--kv-events-endpoint', kvEvents, '--kv-events-replay-endpoint', kvReplay],
      ]);
      // It says neither its context nor its block size.
      const untold = { model: 'kvasir-mock', blockSize: BLOCK_SIZE, contextTokensMax: CONTEXT_TOKENS_MAX };
      engines.push({
        ...{ url: `http://127.0.0.1:${http}`, engine, workerId: `${engine}-${index}`, kvEvents, kvReplay },
        ...(engine === 'trtllm' ? untold : {}),
      });
    }
    const file = join(this.#folder, 'engines.yaml');
    writeFileSync(file, JSON.stringify({ engines }));
    const port = await freePort();
    this.#url = `http://127.0.0.1:${port}`;
    this.#launch('frontend', ['--http-port', String(port), '--kv-events-direct', file]);
    await vi.waitFor(async () => {
      const text = await (await fetch(`${this.#url}/metrics`)).text();
      const up = text.split('\n').filter((line) => /^kvasir_agent_engine_up\{.*\} 1$/.test(line));
      expect(up, this.#said.join('')).toHaveLength(dialects.length);
      expect((await fetch(`${this.#url}/ready`)).status).toBe(200);
    }, SOON);
  }

  /** Sends a completion, streamed or whole. */
  async ask(prompt: readonly number[], isStream: boolean): Promise<Asked> {
    const response = await fetch(`${this.#url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ model: 'kvasir-mock', prompt, max_tokens: 4, ignore_eos: true, stream: isStream },
        ...(isStream ? { stream_options: { include_usage: true } } : {}),
      }),
    });
    const text = await response.text();
    const said = isStream ? (text.trim().split('\n\n').at(-2) ?? '').slice('data: '.length) : text;
    const { usage } = JSON.parse(said) as { usage?: Usage };
    return {
      status: response.status,
      worker: response.headers.get('x-kvasir-decode-worker') ?? '',
      promptTokens: usage?.prompt_tokens ?? 0,
      outputTokens: usage?.completion_tokens ?? 0,
      // SGLang says nothing when there are none.
      cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
    };
  }

  async stop(): Promise<void> {
    for (const child of this.#processes) {
      child.kill('SIGINT');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    rmSync(this.#folder, { recursive: true });
  }

  #launch(app: string, args: readonly string[]): void {
    const main = join(APPS, app, 'dist/main.js');
    const child = spawn(process.execPath, [main, '--log-level', 'warn', ...args]);
    child.stdout.on('data', (text: Buffer) => void this.#said.push(text.toString()));
    child.stderr.on('data', (text: Buffer) => void this.#said.push(text.toString()));
    this.#processes.unshift(child);
  }
}

interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly prompt_tokens_details?: { readonly cached_tokens: number } | null;
}

interface Asked {
  readonly status: number;
  readonly worker: string;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
}

const sum = (asked: readonly Asked[], read: (one: Asked) => number): number =>
  asked.reduce((total, one) => total + read(one), 0);

/** Plays the trace on four engines. */
async function play(dialects: readonly Dialect[]): Promise<readonly Asked[]> {
  const pool = new Pool();
  const asked: Asked[] = [];
  try {
    await pool.start(dialects);
    const trace = [
      ...generateTrace('conversation', { requestCount: CONVERSATION_COUNT, seed: 5 }),
      ...generateTrace('tool-agent', { requestCount: AGENT_COUNT, seed: 6 }),
    ];
    const waiting = trace.entries();
    const client = async (): Promise<void> => {
      for (const [index, request] of waiting) {
        const tokens = promptTokens(request, { vocabularySize: 800, tokensMax: CONTEXT_TOKENS_MAX - 8 });
        asked.push(await pool.ask(tokens, index % 2 === 0));
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, client));
  } finally {
    await pool.stop();
  }
  return asked;
}

describe('a pool of several kinds of engines', () => {
  let pureShare = 0;
  const shareOf = (asked: readonly Asked[]): number =>
    (100 * sum(asked, ({ cachedTokens }) => cachedTokens)) / sum(asked, ({ promptTokens }) => promptTokens);

  function expectAllServed(asked: readonly Asked[]): void {
    expect(asked.map(({ status }) => status)).toEqual(Array.from({ length: REQUEST_COUNT }, () => 200));
    expect(sum(asked, ({ outputTokens }) => outputTokens)).toBe(4 * REQUEST_COUNT);
  }

  beforeAll(async () => {
    const asked = await play(['vllm', 'vllm', 'vllm', 'vllm']);
    expectAllServed(asked);
    pureShare = shareOf(asked);
    // Else the comparison would say nothing.
    expect(pureShare).toBeGreaterThan(15);
  }, 300_000);

  it.each([[['vllm', 'vllm', 'sglang', 'sglang']], [['vllm', 'sglang', 'sglang', 'trtllm']]] as const)(
    'serves a trace of conversations as well as one of vLLM alone: %j',
    async (dialects) => {
      const asked = await play(dialects);
      expectAllServed(asked);
      expect(Math.abs(shareOf(asked) - pureShare)).toBeLessThan(2);
      // Everybody has taken part.
      const workers = new Set(asked.map(({ worker }) => worker));
      expect([...workers].toSorted()).toEqual(dialects.map((name, index) => `${name}-${index}`).toSorted());
    },
    300_000,
  );
});
