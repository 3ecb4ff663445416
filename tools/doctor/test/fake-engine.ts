import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An answer of an engine to `POST /v1/completions` and the like. */
export interface FakeUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly prompt_tokens_details?: { readonly cached_tokens: number } | null;
}

/** What vLLM answers to those who look after it, over a real socket, with everything that can be wrong as a field. */
export class FakeEngine {
  key: string | null = null;
  model = 'm';
  blockSize = 16;
  cacheConfig: Readonly<Record<string, string>> = {};
  counters: Readonly<Record<string, number>> = {};
  running = 0;
  usage: FakeUsage = { prompt_tokens: 5, completion_tokens: 1 };
  handover: unknown = undefined;
  /** Called when it is to generate. */
  asked: () => void = () => undefined;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(change: (engine: FakeEngine) => void = () => undefined): Promise<FakeEngine> {
    const engine = new FakeEngine();
    change(engine);
    await new Promise<void>((resolve) => engine.#server.listen(0, '127.0.0.1', resolve));
    return engine;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    const path = request.url ?? '';
    if (
      this.key !== null &&
      path.startsWith('/v1') &&
      request.headers.authorization !== `Bearer ${this.key}`
    ) {
      response.writeHead(401).end('{"error":"Unauthorized"}');
      return;
    }
    request.on('end', () => {
      if (path === '/health') response.writeHead(200).end();
      else if (path === '/metrics') response.writeHead(200).end(this.#metrics());
      else if (path === '/v1/models') json(response, { data: [{ id: this.model, max_model_len: 4096 }] });
      else json(response, this.#completion());
    });
  }

  #completion(): unknown {
    this.asked();
    return {
      id: 'cmpl-1',
      object: 'text_completion',
      model: this.model,
      choices: [{ index: 0, text: 'x', finish_reason: 'stop' }],
      usage: { ...this.usage, total_tokens: this.usage.prompt_tokens + this.usage.completion_tokens },
      ...(this.handover === undefined ? {} : { kv_transfer_params: this.handover }),
    };
  }

  #metrics(): string {
    const labels = Object.entries({
      block_size: String(this.blockSize),
      enable_prefix_caching: 'True',
      num_gpu_blocks: '2048',
      engine: '0',
      ...this.cacheConfig,
    });
    const lines = Object.entries(this.counters).map(
      ([name, value]) => `vllm:${name}{engine="0",model_name="m"} ${value}.0`,
    );
    return [
      `vllm:cache_config_info{${labels.map(([name, value]) => `${name}="${value}"`).join(',')}} 1.0`,
      `vllm:num_requests_running{engine="0"} ${this.running}.0`,
      `vllm:num_requests_waiting{engine="0"} 0.0`,
      ...lines,
      '',
    ].join('\n');
  }
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
