import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort, freePorts } from '@kvasir/testkit';
import type { PythonEnvironment } from './python-environment.js';
import { RunningProgram } from './running-program.js';

export const MODEL = 'tiny';
/** vLLM's attention for CPUs takes multiples of 32. */
export const BLOCK_SIZE = 32;
const ENGINE_READY_MS = 300_000;
const PROGRAM_READY_MS = 60_000;

export interface Engine {
  readonly name: string;
  readonly url: string;
  readonly eventsPort: number;
  readonly replayPort: number;
  readonly ranks: number;
  readonly program: RunningProgram;
}

export interface EngineWishes {
  readonly name: string;
  readonly ranks?: number;
  readonly kvBlocks?: number;
  readonly hasAdapters?: boolean;
  /** Hands over by NIXL. */
  readonly handsOver?: boolean;
}

/** Starts real engines and Kvasir's programs in one folder. */
export class Workshop {
  readonly folder: string;
  readonly #python: PythonEnvironment;
  readonly #running: RunningProgram[] = [];

  constructor(folder: string, python: PythonEnvironment) {
    this.folder = folder;
    this.#python = python;
    mkdirSync(folder, { recursive: true });
  }

  get modelFolder(): string {
    return join(this.folder, 'model');
  }

  async engine(wishes: EngineWishes): Promise<Engine> {
    const { name, ranks = 1 } = wishes;
    const [port, eventsPort, replayPort] = [await freePort(), await freePorts(ranks), await freePorts(ranks)];
    const url = `http://127.0.0.1:${port}`;
    const program = await this.#start(name, {
      command: this.#python.vllm,
      args: this.#engineArgs(wishes, { port, eventsPort, replayPort }),
      env: await engineVariables(),
      readyUrl: `${url}/health`,
      readyTimeoutMs: ENGINE_READY_MS,
    });
    return { name, url, eventsPort, replayPort, ranks, program };
  }

  /** A program of Kvasir. */
  async kvasir(
    name: string,
    program: { readonly main: string; readonly args: readonly string[]; readonly readyUrl: string },
  ): Promise<RunningProgram> {
    const file = fileURLToPath(import.meta.resolve(program.main));
    return await this.#start(name, {
      command: process.execPath,
      args: [file, ...program.args],
      readyUrl: program.readyUrl,
      readyTimeoutMs: PROGRAM_READY_MS,
    });
  }

  /** Ends everything, the last one first. */
  async close(): Promise<void> {
    for (const program of this.#running.splice(0).toReversed()) await program.stop();
  }

  async #start(
    name: string,
    options: Omit<Parameters<typeof RunningProgram.start>[0], 'logFile'>,
  ): Promise<RunningProgram> {
    const program = await RunningProgram.start({ ...options, logFile: join(this.folder, `${name}.log`) });
    this.#running.push(program);
    return program;
  }

  #engineArgs(
    { ranks = 1, kvBlocks, hasAdapters, handsOver }: EngineWishes,
    ports: { readonly port: number; readonly eventsPort: number; readonly replayPort: number },
  ): readonly string[] {
    const events = {
      enable_kv_cache_events: true,
      publisher: 'zmq',
      endpoint: `tcp://*:${ports.eventsPort}`,
      replay_endpoint: `tcp://*:${ports.replayPort}`,
    };
    const adapters = ['sql', 'poetry'].map((name) => `${name}=${join(this.folder, name)}`);
    const transfer = { kv_connector: 'NixlConnector', kv_role: 'kv_both', kv_buffer_device: 'cpu' };
    return [
      ...['serve', this.modelFolder, '--served-model-name', MODEL, '--host', '127.0.0.1'],
      ...['--port', String(ports.port), '--block-size', String(BLOCK_SIZE), '--max-model-len', '4096'],
      ...['--enforce-eager', '--dtype', 'float32', '--max-num-seqs', '32', '--enable-prompt-tokens-details'],
      ...['--kv-events-config', JSON.stringify(events)],
      ...['--enable-auto-tool-choice', '--tool-call-parser', 'hermes'],
      ...(kvBlocks === undefined ? [] : ['--num-gpu-blocks-override', String(kvBlocks)]),
      ...(ranks === 1 ? [] : ['--data-parallel-size', String(ranks)]),
      ...(hasAdapters === true ? ['--enable-lora', '--lora-modules', ...adapters] : []),
      ...(handsOver === true ? ['--kv-transfer-config', JSON.stringify(transfer)] : []),
    ];
  }
}

async function engineVariables(): Promise<Readonly<Record<string, string>>> {
  return {
    VLLM_CPU_KVCACHE_SPACE: '1',
    VLLM_CPU_OMP_THREADS_BIND: 'nobind',
    OMP_NUM_THREADS: '1',
    VLLM_HOST_IP: '127.0.0.1',
    VLLM_NIXL_SIDE_CHANNEL_HOST: '127.0.0.1',
    VLLM_NIXL_SIDE_CHANNEL_PORT: String(await freePorts(4)),
    VLLM_NO_USAGE_STATS: '1',
    VLLM_SERVER_DEV_MODE: '1',
    HF_HUB_OFFLINE: '1',
  };
}
